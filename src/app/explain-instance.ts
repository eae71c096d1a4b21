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
import type { InspectToken } from '../model/inspected-token.js';
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

/** The functions that explain an instance. */
export interface Explainers {
  /** Explains what the gateway would do with a request. */
  readonly explain: Explain;
  /** Says what a token opens. */
  readonly inspectToken: InspectToken;
}

/** Creates the functions that explain an instance. Their code is loaded at the first call: few gateways are asked. */
export function explainOnDemand(instance: ExplainedInstance): Explainers {
  const { gateway, detached, ...rest } = instance;
  const context: ExplainContext = {
    ...rest,
    gateway: detached ? { ...gateway, tokens: detached.tokens } : gateway,
    inspectLimits: gateway.inspectLimits,
    createTraced: (trace) => createTraced(instance, trace),
    isRunning: detached === undefined,
  };
  return {
    explain: async (request) => (await import('../explain/explain.js')).explain(request, context),
    inspectToken: async (token) => (await import('../explain/inspect-token.js')).inspectToken(token, context),
  };
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
