/** Heads for tests of match, which looks at the method, the target and the host only. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { createMatch, createReadTarget, type MatchOptions } from '../../src/match/match.js';
import type { RouteMatch } from '../../src/model/decision.js';
import { Refusal } from '../../src/model/refusal.js';
import type { RequestHead } from '../../src/model/request.js';
import type { Route } from '../../src/model/route.js';
import { createReader } from '../../src/read/read.js';

const read = createReader({ trustProxy: [], newId: () => 'id' });

/** `GET /path?query`, as a request to the host would be read. */
export function headOf(request: string, host = 'api.example'): RequestHead {
  const space = request.indexOf(' ');
  const req = new IncomingMessage(new Socket());
  req.method = request.slice(0, space);
  req.url = request.slice(space + 1);
  req.rawHeaders = ['Host', host];
  return read(req);
}

/** Matches heads as the gateway does: normalizes the target, then finds its route. */
export function matcherOf(
  routes: readonly Route[],
  options: MatchOptions,
): (head: RequestHead) => RouteMatch | Refusal {
  const readTarget = createReadTarget(options);
  const match = createMatch(routes, options);
  return (head) => {
    const target = readTarget(head);
    return target instanceof Refusal ? target : match(target, head.method, head.host);
  };
}
