/**
 * Builds a gateway from validated settings: the steps, each bound to its resources (`resources.ts`). Each reload makes new
 * steps and a new cache of verified tokens. Called by `serve.ts`, `src/index.ts` and `src/cli/`.
 */
import {
  createAuthenticate,
  REVOCATIONS_UNKNOWN,
  TOKEN_REVOKED,
  type Authenticate,
} from '../authenticate/authenticate.js';
import { createTokenPlaces } from '../authenticate/token-places.js';
import type { KeyFailure } from '../authenticate/outage-log.js';
import { createVerifyGatewayToken } from '../authenticate/verify-gateway-token.js';
import { createAuthorize } from '../authorize/authorize.js';
import type { Reuse } from './resource-pool.js';
import { explainOnDemand, type DetachedInstance, type Explainers } from './explain-instance.js';
import { createForwarder } from '../forward/forward.js';
import type { Gateway, PipelineSteps, TokenPaths, TokenServiceMount } from '../gateway.js';
import type { ReloadableGateway } from './reloader.js';
import { openResources, type GatewayResources, type Runtime } from './resources.js';
import { createInspectLimits, createLimit } from '../limit/limit.js';
import { createMatch, createReadTarget, otherReadings } from '../match/match.js';
import type { Measures } from '../model/measures.js';
import { limitStatusOf } from '../model/limit-status.js';
import type { Principal } from '../model/principal.js';
import type { Refusal } from '../model/refusal.js';
import type { Settings } from '../model/settings.js';
import { createReader } from '../read/read.js';
import type { RedisConnection } from '../redis/connection.js';
import type { Revocations } from '../revocation/revocation.js';
import type { TokenServiceHandle } from './token-service.js';
import type { Administration } from '../tokens/administration.js';
import type { Actor } from '../tokens/administration/policy.js';
import type { ActorAdministration } from '../tokens/administration-for.js';
import type { TokenService } from '../tokens/tokens.js';
import type { UserLogin } from '../tokens/user-login.js';
import type { RevocationHandle } from './revocations.js';
import { reuseTracing } from './tracing.js';

export interface GatewayInstance extends ReloadableGateway, Explainers {
  readonly gateway: Gateway;
  /** Undefined where the file has no token service. */
  readonly administration: Administration | undefined;
  /** The administration under the policy of an actor; undefined where the file has no token service. */
  readonly administerAs: ((actor: Actor) => ActorAdministration) | undefined;
  /** Undefined where there is no store for revocations. */
  readonly revocations: Revocations | undefined;
  /** Lists all stored revocations; undefined where there is no store. */
  readonly listRevocations: RevocationHandle['list'] | undefined;
  /** How many gateways have applied what is revoked now; undefined where there is no store. */
  readonly gatewaysReached: RevocationHandle['reached'] | undefined;
  /** Undefined where limits are counted in this process. */
  readonly redis: RedisConnection | undefined;
  /** The administrative changes in the registry; undefined where the file has no token service. */
  readonly auditTrail: TokenServiceHandle['auditTrail'] | undefined;
  /** Verifies users of the token service; undefined where the file has none. */
  readonly logIn: UserLogin | undefined;
  /** The state of each issuer's keys, in the order of the file. */
  readonly issuerKeys: () => readonly IssuerKeys[];
  /** Whether the registry was read since the start; true without a token service. */
  readonly isTokenServiceOpen: () => boolean;
  /** Whether the token service is open and the revocations are known, so that the gateway can get traffic. */
  readonly isReady: () => boolean;
}

/** What is known of an issuer's keys. */
export interface IssuerKeys {
  /** The issuer's name in the file. */
  readonly name: string;
  /** How many there are; undefined while none are known. */
  readonly size: number | undefined;
  /** When they were last read, epoch milliseconds. */
  readonly readAtMs: number | undefined;
  readonly failure: KeyFailure | undefined;
}

/**
 * Builds a gateway instance. Resolves when its Redis was reached or found to be unavailable.
 *
 * Rejects where the token service cannot be opened. A database that is unavailable at the start does not reject: opening is
 * retried.
 *
 * @param detached for an instance that gets no requests (`explain-file.ts`)
 */
export async function buildGateway(
  settings: Settings,
  runtime: Runtime,
  reuse: Reuse,
  detached?: DetachedInstance,
): Promise<GatewayInstance> {
  const { now, monotonic, newId, log, measures } = runtime;
  const resources = await openResources(settings, runtime, reuse);
  const tracing = detached ? undefined : await reuseTracing(settings, runtime, reuse);
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

  const { keptClaims, tokenCacheSize: cacheSize } = settings;
  const authenticate = createAuthenticate({ issuers, cacheSize, keptClaims, now, checkRevocation, measures });
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
  const gateway: Gateway = {
    read: createReader({
      trustProxy: settings.trustProxy,
      clientIpHeader: settings.clientIpHeader,
      newId,
    }),
    readTarget: createReadTarget(settings),
    steps: createSteps(settings, resources, authenticate, checkRevocation, measures),
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
    limitStatus: limitStatusOf(settings),
    startTrace: tracing?.startTraces(settings.log.paths),
  };
  return {
    settings,
    gateway,
    ...explainOnDemand({
      settings,
      gateway,
      issuers,
      checkRevocation,
      knowsRevocations: revocations !== undefined,
      detached,
      now,
    }),
    ...administrationParts(settings, resources),
    revocations,
    redis,
    issuerKeys: () => issuerKeysOf(issuers),
    isTokenServiceOpen: () => tokens?.isOpen ?? true,
    isReady: () => (tokens?.isOpen ?? true) && (revocations?.isKnown ?? true),
    activate: () => resources.applySettings(),
  };
}

function createSteps(
  settings: Settings,
  { store, memory }: GatewayResources,
  authenticate: Authenticate,
  checkRevocation: CheckRevocation,
  measures: Measures,
): PipelineSteps {
  const places = createTokenPlaces(settings.issuers, authenticate);
  return {
    match: createMatch(settings.routes, settings),
    authenticate: places?.authenticate ?? authenticate,
    removeToken: places?.removeToken,
    authorize: createAuthorize(),
    limit: createLimit({
      store,
      local: memory,
      draftHeaders: settings.limitHeaders === 'draft',
      checkRevocation,
      measures,
    }),
  };
}

function issuerKeysOf(issuers: GatewayResources['issuers']): readonly IssuerKeys[] {
  return issuers.map(({ issuer: { name }, keys }) => ({
    name,
    size: keys.current()?.size,
    readAtMs: keys.readAtMs(),
    failure: keys.failure(),
  }));
}

type CheckRevocation = (principal: Principal) => Refusal | undefined;

type AdministrationParts = Pick<
  GatewayInstance,
  'administration' | 'administerAs' | 'listRevocations' | 'gatewaysReached' | 'logIn' | 'auditTrail'
>;

/** What the commands and the admin port administer. */
function administrationParts(
  { log }: Settings,
  { tokens, tokenServiceLimits, revocationHandle }: GatewayResources,
): AdministrationParts {
  const publishRevision = async (): Promise<void> => revocationHandle?.revocations.publishRevision();
  return {
    administration: tokens?.administer(publishRevision),
    auditTrail: tokens?.auditTrail,
    administerAs:
      tokens &&
      tokenServiceLimits &&
      ((actor) => tokens.administerAs(actor, publishRevision, tokenServiceLimits.attempts)),
    logIn: tokens && tokenServiceLimits && tokens.createUserLogin(tokenServiceLimits.attempts, log),
    listRevocations: revocationHandle && (() => revocationHandle.list()),
    gatewaysReached: revocationHandle && (() => revocationHandle.reached()),
  };
}

/** Returns the check for revocation that runs for each request. */
function createCheckRevocation(revocations: Revocations | undefined): CheckRevocation {
  if (!revocations) return () => undefined;
  return (principal) => {
    if (!revocations.refuses(principal)) return undefined;
    return revocations.isKnown ? TOKEN_REVOKED : REVOCATIONS_UNKNOWN;
  };
}

function mountTokenService(service: TokenService): TokenServiceMount {
  const paths = tokenPathsOf({
    owns: (path) => service.owns(path),
    methodOf: (path) => service.methodOf(path),
    resembles: (path) => service.resembles(path),
  });
  return { service, ...paths };
}

/** Adds the paths that a lenient server would read as one of the service's. */
export function tokenPathsOf({ owns, methodOf, resembles }: TokenPaths): TokenPaths {
  return {
    owns,
    methodOf,
    resembles: (path) => resembles(path) || otherReadings(path)?.some(resembles) !== false,
  };
}
