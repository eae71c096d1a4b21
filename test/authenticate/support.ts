/**
 * Shared by the tests of authenticate/: a gateway's authentication over real issuers, an adjustable clock and
 * requests.
 */
import { createAuthenticate, TOKEN_REVOKED, type Authenticate } from '../../src/authenticate/authenticate.js';
import { createKeySet, type KeySet, type KeySetOptions } from '../../src/authenticate/key-set.js';
import { createSecretKeySet } from '../../src/authenticate/secret-key-set.js';
import type { Issuer } from '../../src/model/issuer.js';
import type { Log } from '../../src/model/log.js';
import type { Principal } from '../../src/model/principal.js';
import { Refusal } from '../../src/model/refusal.js';
import type { RequestHead } from '../../src/model/request.js';
import { makeRoute } from '../support/route.js';
import type { Access, Route } from '../../src/model/route.js';

export const SILENT: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** The real time, until a test sets another. */
export interface Clock {
  (): number;
  fixedMs: number | undefined;
}

function createClock(): Clock {
  const clock: Clock = () => clock.fixedMs ?? Date.now();
  clock.fixedMs = undefined;
  return clock;
}

function createTestKeySet(issuer: Issuer, changes: Partial<KeySetOptions> = {}): KeySet {
  if (issuer.keys.kind === 'secret') return createSecretKeySet(issuer.keys.secret, Date.now);
  return createKeySet(issuer, {
    now: Date.now,
    log: SILENT,
    maxAgeMs: 600_000,
    maxStaleMs: 86_400_000,
    ...changes,
  });
}

export function routeOf(access: Access): Route {
  return makeRoute({ access });
}

export const SCOPED = routeOf({
  kind: 'scoped',
  requirement: { mode: 'all', scopes: ['orders:read'] },
  issuers: undefined,
});

export function headOf(authorization: string | undefined): RequestHead {
  return {
    id: 'request-1',
    clientRequestId: undefined,
    method: 'GET',
    target: '/things',
    host: 'gate.test',
    rawHeaders: [],
    authorization,
    socket: undefined,
    origin: undefined,
    preflightMethod: undefined,
    body: 'none',
    contentLength: 0,
    expectsContinue: false,
    websocket: false,
    clientIp: '127.0.0.1',
    forwardedFor: '127.0.0.1',
    forwardedProto: 'http',
    forwardedHost: 'gate.test',
    forwarded: undefined,
    viaTrustedProxy: false,
    headError: undefined,
  };
}

export interface Stage {
  readonly authenticate: Authenticate;
  readonly clock: Clock;
  readonly keySets: readonly KeySet[];
  /** Presents a token on a route with a scope. */
  show(token: string, route?: Route): Promise<Principal | Refusal>;
  close(): void;
}

export interface StageOptions extends Partial<KeySetOptions> {
  readonly cacheSize?: number;
  readonly keptClaims?: readonly string[];
  readonly isRevoked?: (principal: Principal) => boolean;
}

export function createStage(issuers: readonly Issuer[], options: StageOptions = {}): Stage {
  const { cacheSize = 100, keptClaims = [], isRevoked, ...keySetOptions } = options;
  const clock = createClock();
  const keySets = issuers.map((issuer) => createTestKeySet(issuer, { now: clock, ...keySetOptions }));
  const authenticate = createAuthenticate({
    issuers: issuers.map((issuer, index) => ({ issuer, keys: keySets[index]! })),
    cacheSize,
    keptClaims,
    now: clock,
    ...(isRevoked && {
      checkRevocation: (principal: Principal) => (isRevoked(principal) ? TOKEN_REVOKED : undefined),
    }),
  });
  return {
    authenticate,
    clock,
    keySets,
    show: async (token, route = SCOPED) => authenticate(headOf(`Bearer ${token}`), route),
    close: () => keySets.forEach((keySet) => keySet.close()),
  };
}

/** A refusal as `status detail`, a Principal as its issuer and app: short enough to compare. */
export function outcome(found: Principal | Refusal): string {
  return found instanceof Refusal
    ? `${found.status} ${found.detail ?? found.reason}`
    : `${found.issuer}/${found.app}`;
}

function ignore(): void {
  // Nothing to log.
}
