/** Random requests, and the gateways that decide about them. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { buildGateway } from '../../src/app/build-gateway.js';
import { createResourcePool } from '../../src/app/resource-pool.js';
import { processRuntime } from '../../src/app/runtime.js';
import { admit } from '../../src/gateway.js';
import { createMatch } from '../../src/match/match.js';
import type { Admission, Rejection } from '../../src/model/decision.js';
import type { Log } from '../../src/model/log.js';
import { Refusal } from '../../src/model/refusal.js';
import type { Route } from '../../src/model/route.js';
import type { Settings } from '../../src/model/settings.js';
import { createPrng, pick, type Prng } from '../support/prng.js';
import { KEYS, ORGANIZATIONS, SCOPES } from './random-files.js';

/** When the tokens are made, and when the gateways' clocks begin. */
const START_MS = Date.now();

const ignore = (): void => undefined;
const SILENT: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

export interface RandomRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly peer: string;
  readonly fields: readonly string[];
  /** How long after the one before it. */
  readonly laterMs: number;
}

/** A gateway that decides, counts, and forwards nothing. */
export interface Decider {
  /** @param atMs since the start */
  decide(request: RandomRequest, atMs: number): Promise<Admission | Rejection>;
  /** Whether a request has a route that could let it through. */
  hasRoute(request: RandomRequest): boolean;
  close(): Promise<void>;
}

export async function createDecider(settings: Settings): Promise<Decider> {
  let nowMs = START_MS;
  const pool = createResourcePool({ log: SILENT });
  const { reuse, commit } = pool.begin();
  const runtime = { ...processRuntime(SILENT, {}), now: () => nowMs };
  const { gateway } = await buildGateway(settings, runtime, reuse);
  commit();
  const routes = settings.routes.map((route) => ({ ...route, allowEncodedSlash: true }));
  const match = createMatch(routes, { allowSemicolon: true });
  return {
    decide: (request, atMs) => {
      nowMs = START_MS + atMs;
      const head = gateway.read(requestOf(request));
      return admit(gateway.steps, head, gateway.readTarget(head));
    },
    hasRoute: ({ path, method, host }) =>
      !(match({ path: path.replace(';v=1', ''), query: '' }, method, host) instanceof Refusal),
    close: () => pool.close(),
  };
}

function requestOf({ method, host, path, peer, fields }: RandomRequest): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: peer });
  const req = new IncomingMessage(socket);
  req.method = method;
  req.url = path;
  req.httpVersion = '1.1';
  req.rawHeaders = ['Host', host, ...fields];
  return req;
}

/** Good tokens of every issuer, each with up to two properties that some issuer or route refuses. */
const TOKENS: readonly string[] = KEYS.flatMap((key, number) => {
  const prng = createPrng(number);
  return Array.from({ length: 80 }, (_, index) => {
    const claims: Record<string, unknown> = {
      aud: ['one', 'two'],
      scope: 'r w r:a',
      org: pick(prng, ORGANIZATIONS),
      sub: `app${index % 2}`,
      azp: 'other',
      iat: Math.floor(START_MS / 1000) - 600,
      exp: Math.floor(START_MS / 1000) + 3600,
      // The third key also signs as the second issuer: after a change of keys such a token is good.
      iss: number === 2 && index % 2 === 0 ? KEYS[1]!.issuer : key.issuer,
    };
    const deviate = (): void =>
      void Object.assign(
        claims,
        pick<Record<string, unknown>>(prng, [
          { aud: pick(prng, ['one', 'two', 'three']) },
          { aud: undefined },
          { scope: pick(prng, SCOPES) },
          { scope: pick(prng, SCOPES) },
          { scope: undefined, roles: ['w', 'r'] },
          { org: pick(prng, ['a b', undefined]) },
          { sub: undefined },
          { exp: undefined },
          { exp: Math.floor(START_MS / 1000) - pick(prng, [10, 60]) },
          {},
        ]),
      );
    for (let left = prng(3); left > 0; left--) deviate();
    return key.sign(claims, { header: { typ: pick(prng, ['JWT', 'at+jwt', 'at+jwt', undefined]) } });
  });
});

/** The tokens of one sequence are few, so that their limits are reached. */
export function randomSequence(
  prng: Prng,
  routes: readonly Route[],
  length: number,
): readonly RandomRequest[] {
  const tokens = Array.from({ length: 8 }, () => pick(prng, TOKENS));
  const paths = Array.from({ length: 5 }, () =>
    prng(4) === 0 ? randomPath(prng) : pathOf(pick(prng, routes), prng),
  );
  const methods = Array.from({ length: 3 }, () => pick(prng, ['GET', 'GET', 'POST', 'HEAD', 'PUT']));
  const hosts = Array.from({ length: 3 }, () =>
    pick(prng, ['a.test', 'x.a.test', 'y.a.test', 'b.test', 'other.test']),
  );
  return Array.from({ length }, () => ({
    method: pick(prng, methods),
    host: pick(prng, hosts),
    path: pick(prng, paths),
    peer: pick(prng, ['10.0.0.1', '10.0.0.2', '192.0.2.1']),
    fields: [
      ...tokenFields(prng, tokens),
      ...(prng(3) === 0 ? ['X-Forwarded-For', `198.51.100.${prng(3)}`] : []),
    ],
    laterMs: pick(prng, [0, 0, 0, 1, 500, 5000, 10_000]),
  }));
}

function tokenFields(prng: Prng, tokens: readonly string[]): readonly string[] {
  const token = pick(prng, tokens);
  return pick(prng, [
    [],
    ['X-Jwt', token],
    ...Array.from({ length: 4 }, () => ['Authorization', `Bearer ${token}`]),
  ]);
}

/** A path that a route has, unless a more specific one has it. */
function pathOf({ path }: Route, prng: Prng): string {
  const texts = path.map((segment) => {
    if (segment.kind === 'literal') return segment.text.replace('/', '%2F');
    const text = pick(prng, ['a', 'b', 'q', 'B', 'q%2Fr']);
    return segment.kind === 'parameter' ? text : `${text}/${pick(prng, ['a', 'b'])}`;
  });
  return `/${texts.join('/')}`;
}

function randomPath(prng: Prng): string {
  const segment = () => pick(prng, ['a', 'b', 'B', 'A', 'a', 'b', 'q', 'c%2Fd', 'q%2Fr', 'a;v=1']);
  const path = `/${Array.from({ length: 1 + prng(3) }, segment).join('/')}`;
  return prng(5) === 0 ? `${path}/` : path;
}
