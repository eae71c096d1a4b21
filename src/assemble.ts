/**
 * A validated configuration becomes a gate: the stages, each bound to what it stands on (`holdings.ts`). They are made
 * anew at each reload, and with them the memory of verified tokens.
 */
import { createAuthenticate, REVOCATIONS_UNKNOWN, TOKEN_REVOKED } from './authenticate/authenticate.js';
import { createVerifyOwn } from './authenticate/verify-own.js';
import { createAuthorize } from './authorize/authorize.js';
import type { Keep } from './estate.js';
import { createForwarder } from './forward/forward.js';
import { createAdmit, type Gateway, type TokenDesk } from './gateway.js';
import type { Generation } from './generations.js';
import { hold, type Surroundings } from './holdings.js';
import { createLimit } from './limit/limit.js';
import { createMatch, createReadPath, otherReadings, type ReadPath } from './match/match.js';
import type { Principal } from './model/principal.js';
import type { Refusal } from './model/refusal.js';
import type { Settings } from './model/settings.js';
import { createReader } from './read/read.js';
import type { RedisConnection } from './redis/connection.js';
import type { Revocations } from './revocation/revocation.js';
import type { Administration } from './tokens/administration.js';
import type { TokenService } from './tokens/tokens.js';

export interface Assembly extends Generation {
  readonly gateway: Gateway;
  /** Undefined where the file has no token service. */
  readonly administration: Administration | undefined;
  /** Undefined where there is nothing to keep revocations in. */
  readonly revocations: Revocations | undefined;
  /** Undefined where limits are kept in this process. */
  readonly redis: RedisConnection | undefined;
  /** Whether the gate knows enough to get traffic. */
  readonly isReady: () => boolean;
}

/**
 * Resolves when the gate's Redis was reached or found to be away. Rejects where the token service cannot be opened,
 * but for a database that is away: that is waited for.
 */
export async function assemble(
  settings: Settings,
  surroundings: Surroundings,
  keep: Keep,
): Promise<Assembly> {
  const { now, monotonic, newId, log } = surroundings;
  const holdings = await hold(settings, surroundings, keep);
  const { tokens, bounds, redis, killSwitch, issuers, store, memory, upstreams, leash } = holdings;
  const revocations = killSwitch?.revocations;
  const refuse = refuseBy(revocations);

  const { allowSemicolon } = settings;
  const match = createMatch(settings.routes, { allowSemicolon });
  const authenticate = createAuthenticate({ issuers, cacheSize: settings.tokenCacheSize, now, refuse });
  const admit = createAdmit({
    match,
    authenticate,
    authorize: createAuthorize(),
    limit: createLimit({
      store,
      local: memory,
      draftHeaders: settings.limitHeaders === 'draft',
      recheck: refuse,
    }),
  });
  const passes =
    settings.tokens && tokens && bounds && revocations
      ? tokens.serve(
          settings.tokens,
          bounds,
          { verify: createVerifyOwn(authenticate), revocations },
          settings.log,
        )
      : undefined;

  await Promise.all([redis?.attempted, revocations?.attempted]);
  return {
    settings,
    gateway: {
      read: createReader({ trustProxy: settings.trustProxy, newId }),
      match,
      admit,
      forwarder: createForwarder(upstreams, {
        now: monotonic,
        bodyTimeoutMs: settings.client.bodyTimeoutMs,
        minBodyRate: settings.client.minBodyRate,
        log,
        leash,
      }),
      maxInFlight: settings.maxInFlight,
      cors: settings.cors,
      tokens: passes && deskOf(passes, createReadPath({ allowSemicolon })),
    },
    administration: tokens?.administer(async () => revocations?.announce()),
    revocations,
    redis,
    isReady: () => (tokens?.isOpen ?? true) && (revocations?.isKnown ?? true),
    takeOver: () => holdings.follow(),
  };
}

/** Asked of every caller at each request. */
function refuseBy(revocations: Revocations | undefined): (principal: Principal) => Refusal | undefined {
  if (!revocations) return () => undefined;
  return (principal) => {
    if (!revocations.refuses(principal)) return undefined;
    return revocations.isKnown ? TOKEN_REVOKED : REVOCATIONS_UNKNOWN;
  };
}

function deskOf(service: TokenService, readPath: ReadPath): TokenDesk {
  return {
    service,
    readPath,
    resembles: (path) =>
      service.resembles(path) || otherReadings(path)?.some((other) => service.resembles(other)) !== false,
  };
}
