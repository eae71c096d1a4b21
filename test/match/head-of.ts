/** Heads for tests of match, which looks at the method, the target and the host only. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { RequestHead } from '../../src/model/request.js';
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
