/**
 * Builds a gateway from validated settings: the steps, each bound to its resources (`resources.ts`). Each reload makes new
 * steps and a new cache of verified tokens. Called by `serve.ts`, `src/index.ts` and `src/cli/`.
 */
import { createAuthenticate, REVOCATIONS_UNKNOWN, TOKEN_REVOKED } from '../authenticate/authenticate.js';
import { createTokenPlaces } from '../authenticate/token-places.js';
import { createVerifyGatewayToken } from '../authenticate/verify-gateway-token.js';
import { createAuthorize } from '../authorize/authorize.js';
import type { Reuse } from './resource-pool.js';
import { createForwarder } from '../forward/forward.js';
import type { Gateway, TokenServiceMount } from '../gateway.js';
import type { ReloadableGateway } from './reloader.js';
import { openResources, type Runtime } from './resources.js';
import { createInspectLimits, createLimit } from '../limit/limit.js';
import { createMatch, createReadTarget, otherReadings } from '../match/match.js';
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
  /** Undefined where there is no store for revocations. */
  readonly revocations: Revocations | undefined;
  /** Undefined where limits are counted in this process. */
  readonly redis: RedisConnection | undefined;
  /** Whether the token service is open and the revocations are known, so that the gateway can get traffic. */
  readonly isReady: () => boolean;
}

/**
 * Builds a gateway instance. Resolves when its Redis was reached or found to be unavailable.
 *
 * Rejects where the token service cannot be opened. A database that is unavailable at the start does not reject: opening is
 * retried.
 */
export async function buildGateway(
  settings: Settings,
  runtime: Runtime,
  reuse: Reuse,
): Promise<GatewayInstance> {
  const { now, monotonic, newId, log } = runtime;
  const resources = await openResources(settings, runtime, reuse);
  const {
    tokens,
    tokenServiceLimits,
    redis,
    revocationHandle,
    issuers,
    store,
    memory,
    upstreams,
    streamWatcher,
  } = resources;
  const revocations = revocationHandle?.revocations;
  const checkRevocation = createCheckRevocation(revocations);

  const { allowSemicolon } = settings;
  const { keptClaims, tokenCacheSize: cacheSize } = settings;
  const authenticate = createAuthenticate({ issuers, cacheSize, keptClaims, now, checkRevocation });
  const places = createTokenPlaces(settings.issuers, authenticate);
  const steps = {
    match: createMatch(settings.routes, { allowSemicolon }),
    authenticate: places?.authenticate ?? authenticate,
    removeToken: places?.removeToken,
    authorize: createAuthorize(),
    limit: createLimit({
      store,
      local: memory,
      draftHeaders: settings.limitHeaders === 'draft',
      checkRevocation,
    }),
  };
  const tokenService =
    settings.tokens && tokens && tokenServiceLimits && revocations
      ? tokens.serve(
          settings.tokens,
          tokenServiceLimits,
          { verify: createVerifyGatewayToken(authenticate), revocations },
          settings.log,
        )
      : undefined;

  await Promise.all([redis?.attempted, revocations?.attempted]);
  return {
    settings,
    gateway: {
      read: createReader({
        trustProxy: settings.trustProxy,
        clientIpHeader: settings.clientIpHeader,
        newId,
      }),
      readTarget: createReadTarget({ allowSemicolon }),
      steps,
      inspectLimits: createInspectLimits({ store, local: memory }),
      forwarder: createForwarder(upstreams, {
        now: monotonic,
        bodyTimeoutMs: settings.client.bodyTimeoutMs,
        minBodyRate: settings.client.minBodyRate,
        log,
        streamWatcher,
      }),
      maxInFlight: settings.maxInFlight,
      identityFields: new Set(settings.identityFields),
      cors: settings.cors,
      tokens: tokenService && mountTokenService(tokenService),
    },
    administration: tokens?.administer(async () => revocations?.publishRevision()),
    revocations,
    redis,
    isReady: () => (tokens?.isOpen ?? true) && (revocations?.isKnown ?? true),
    activate: () => resources.applySettings(),
  };
}

/** Returns the check for revocation that runs for each request. */
function createCheckRevocation(
  revocations: Revocations | undefined,
): (principal: Principal) => Refusal | undefined {
  if (!revocations) return () => undefined;
  return (principal) => {
    if (!revocations.refuses(principal)) return undefined;
    return revocations.isKnown ? TOKEN_REVOKED : REVOCATIONS_UNKNOWN;
  };
}

function mountTokenService(service: TokenService): TokenServiceMount {
  return {
    service,
    resembles: (path) =>
      service.resembles(path) || otherReadings(path)?.some((other) => service.resembles(other)) !== false,
  };
}
