/**
 * A validated configuration becomes a gate: the stages, each bound to what it stands on (`resources.ts`). They are made
 * anew at each reload, and with them the memory of verified tokens.
 */
import { createAuthenticate, REVOCATIONS_UNKNOWN, TOKEN_REVOKED } from '../authenticate/authenticate.js';
import { createVerifyGatewayToken } from '../authenticate/verify-gateway-token.js';
import { createAuthorize } from '../authorize/authorize.js';
import type { Reuse } from './resource-pool.js';
import { createForwarder } from '../forward/forward.js';
import { createPipeline, type Gateway, type TokenServiceMount } from '../gateway.js';
import type { ReloadableGateway } from './reloader.js';
import { openResources, type Runtime } from './resources.js';
import { createLimit } from '../limit/limit.js';
import { createMatch, createReadPath, otherReadings, type ReadPath } from '../match/match.js';
import type { Principal } from '../model/principal.js';
import type { Refusal } from '../model/refusal.js';
import type { Settings } from '../model/settings.js';
import { createReader } from '../read/read.js';
import type { RedisConnection } from '../redis/connection.js';
import type { Revocations } from '../revocation/revocation.js';
import type { Administration } from '../tokens/administration.js';
import type { TokenService } from '../tokens/tokens.js';

export interface GatewayInstance extends ReloadableGateway {
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
export async function buildGateway(
  settings: Settings,
  runtime: Runtime,
  reuse: Reuse,
): Promise<GatewayInstance> {
  const { now, monotonic, newId, log } = runtime;
  const resources = await openResources(settings, runtime, reuse);
  const { tokens, bounds, redis, killSwitch, issuers, store, memory, upstreams, streamWatcher } = resources;
  const revocations = killSwitch?.revocations;
  const refuse = refuseBy(revocations);

  const { allowSemicolon } = settings;
  const match = createMatch(settings.routes, { allowSemicolon });
  const authenticate = createAuthenticate({ issuers, cacheSize: settings.tokenCacheSize, now, refuse });
  const admit = createPipeline({
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
  const tokenService =
    settings.tokens && tokens && bounds && revocations
      ? tokens.serve(
          settings.tokens,
          bounds,
          { verify: createVerifyGatewayToken(authenticate), revocations },
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
        streamWatcher,
      }),
      maxInFlight: settings.maxInFlight,
      cors: settings.cors,
      tokens: tokenService && deskOf(tokenService, createReadPath({ allowSemicolon })),
    },
    administration: tokens?.administer(async () => revocations?.publishRevision()),
    revocations,
    redis,
    isReady: () => (tokens?.isOpen ?? true) && (revocations?.isKnown ?? true),
    activate: () => resources.applySettings(),
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

function deskOf(service: TokenService, readPath: ReadPath): TokenServiceMount {
  return {
    service,
    readPath,
    resembles: (path) =>
      service.resembles(path) || otherReadings(path)?.some((other) => service.resembles(other)) !== false,
  };
}
