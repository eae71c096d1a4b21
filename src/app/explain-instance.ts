/** Binds `explain` to a gateway instance. Called by `build-gateway.ts`. */
import {
  createAuthenticate,
  type AuthenticateOptions,
  type AuthenticateRequest,
  type TokenTrace,
} from '../authenticate/authenticate.js';
import { createTokenPlaces } from '../authenticate/token-places.js';
import type { ExplainContext } from '../explain/explain.js';
import type { Gateway, TokenPaths } from '../gateway.js';
import type { Explain } from '../model/explanation.js';
import type { Settings } from '../model/settings.js';

/** An instance that is built for one question, without the token service of its file. */
export interface DetachedInstance {
  /** The paths of that token service; undefined where the file has none. */
  readonly tokens: TokenPaths | undefined;
}

export interface ExplainedInstance extends Pick<ExplainContext, 'checkRevocation' | 'now'> {
  readonly settings: Settings;
  readonly gateway: Gateway;
  readonly issuers: AuthenticateOptions['issuers'];
  readonly knowsRevocations: boolean;
  /** Undefined for an instance that gets requests. */
  readonly detached: DetachedInstance | undefined;
}

/** Creates the function that explains requests to an instance. Its code is loaded at the first call: few gateways are asked. */
export function explainOnDemand(instance: ExplainedInstance): Explain {
  const { gateway, detached, ...rest } = instance;
  const context: ExplainContext = {
    ...rest,
    gateway: detached ? { ...gateway, tokens: detached.tokens } : gateway,
    inspectLimits: gateway.inspectLimits,
    createTraced: (trace) => createTraced(instance, trace),
    isRunning: detached === undefined,
  };
  return async (request) => (await import('../explain/explain.js')).explain(request, context);
}

/** The step `authenticate` over the same keys, but without a cache: it neither reads nor fills the gateway's. */
function createTraced(
  { settings, issuers, checkRevocation, now }: ExplainedInstance,
  trace: TokenTrace,
): AuthenticateRequest {
  const { keptClaims } = settings;
  const authenticate = createAuthenticate({
    issuers,
    cacheSize: 0,
    keptClaims,
    now,
    checkRevocation(principal) {
      trace.begin('revocation');
      return checkRevocation(principal);
    },
    trace,
  });
  const places = createTokenPlaces(settings.issuers, (head, place) => {
    if (place.source) trace.found(place.source);
    return authenticate(head, place);
  });
  return places?.authenticate ?? authenticate;
}
