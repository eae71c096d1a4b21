/**
 * One of several gateways in a test: the steps that a revoked caller meets, over real tokens and a real
 * Redis.
 */
import { createAuthenticate, TOKEN_REVOKED } from '../../src/authenticate/authenticate.js';
import { createKeySet } from '../../src/authenticate/key-set.js';
import { createLimit } from '../../src/limit/limit.js';
import { createMemoryStore } from '../../src/limit/memory-store.js';
import { createRedisStore } from '../../src/limit/redis-store.js';
import { Refusal } from '../../src/model/refusal.js';
import type { Route } from '../../src/model/route.js';
import { createRedisSource } from '../../src/revocation/redis-source.js';
import { createRegistrySource, type RevocationRegistry } from '../../src/revocation/registry-source.js';
import { createRevocations, type Revocations } from '../../src/revocation/revocation.js';
import { headOf, routeOf } from '../authenticate/support.js';
import { policy } from '../limit/policies.js';
import { SILENT } from '../redis/logs.js';
import type { TestIssuer } from '../support/tokens.js';
import { afterwards, notifierOf, connect } from './support.js';

const ACCESS = {
  kind: 'scoped',
  requirement: { mode: 'all', scopes: [] as string[] },
  issuers: undefined,
} as const;

export const LIMITED: Route = { ...routeOf(ACCESS), limits: [policy(1_000_000, 60_000)] };
export const UNLIMITED: Route = routeOf(ACCESS);

export interface ReplicaOptions {
  readonly issuers: readonly TestIssuer[];
  readonly redisUrl: string;
  readonly prefix: string;
  /** Absent: revocations are kept in Redis. */
  readonly registry?: RevocationRegistry;
  /** It gets no notifications, only piggybacked revisions and polls. */
  readonly isDeaf?: boolean;
}

export interface Replica {
  readonly revocations: Revocations;
  /** The status that a caller with this token gets, and why. */
  ask(token: string, route?: Route): Promise<number>;
  stop(): void;
}

const TIMEOUT_MS = 200;

export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { redisUrl, prefix, registry } = options;
  const connection = await connect(redisUrl, TIMEOUT_MS);
  const key = `${prefix}revocations`;
  const notifier = notifierOf(connection, key, redisUrl);
  const source = registry
    ? createRegistrySource({ registry, name: 'test', notifier, now: Date.now, log: SILENT })
    : createRedisSource({ connection, key, name: 'test' });
  const revocations = createRevocations({
    source,
    notifier: options.isDeaf ? undefined : notifier,
    log: SILENT,
    now: Date.now,
    maxWaitMs: TIMEOUT_MS,
  });
  const issuers = options.issuers.map((each, index) => {
    const issuer = each.model({ name: `issuer-${index}` });
    const keys = createKeySet(issuer, {
      now: Date.now,
      log: SILENT,
      maxAgeMs: 600_000,
      maxStaleMs: 600_000,
    });
    afterwards(() => keys.close());
    return { issuer, keys };
  });
  const authenticate = createAuthenticate({
    issuers,
    cacheSize: 1000,
    now: Date.now,
    checkRevocation: (principal) => (revocations.refuses(principal) ? TOKEN_REVOKED : undefined),
  });
  const limit = createLimit({
    store: createRedisStore({
      connection,
      keyPrefix: prefix,
      timeoutMs: TIMEOUT_MS,
      monotonic: () => performance.now(),
      piggybacked: { key, onRevision: (revision) => revocations.onRevisionHint(revision) },
    }),
    local: createMemoryStore({ maxKeys: 1000, now: Date.now }),
    draftHeaders: false,
    checkRevocation: (principal) => (revocations.isRevoked(principal) ? TOKEN_REVOKED : undefined),
  });

  function stop(): void {
    void revocations.close();
    connection.close();
  }
  afterwards(stop);
  await revocations.attempted;
  return {
    revocations,
    stop,
    async ask(token, route = LIMITED) {
      const principal = await authenticate(headOf(`Bearer ${token}`), route);
      if (principal instanceof Refusal) return principal.status;
      const found = await limit(principal, route, '127.0.0.1');
      return found instanceof Refusal ? found.status : 200;
    },
  };
}
