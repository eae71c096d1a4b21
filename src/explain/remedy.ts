/** Says in one sentence what would have to change for a refused request to be admitted. */
import type { Explanation } from '../model/explanation.js';
import type { Refusal, RefusalReason } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import type { Settings } from '../model/settings.js';
import { failedCheckOf, type TokenCheck } from '../authenticate/authenticate.js';
import { acceptedIssuers } from './place-token.js';
import { listText, timeText } from './text.js';

/** What is known of the request by then. */
export interface RefusedRequest {
  readonly refusal: Refusal;
  /** Undefined where no route was found. */
  readonly route: Route | undefined;
  readonly explanation: Pick<Explanation, 'match' | 'token' | 'access' | 'limits' | 'request'>;
  readonly settings: Pick<Settings, 'issuers'>;
}

type Remedy = string | ((refused: RefusedRequest) => string);

const OF_THE_UPSTREAM = 'Nothing in the request: see the log of the gateway.';

/** By the refusal's reason. */
const REMEDIES: Readonly<Record<RefusalReason, Remedy>> = {
  malformed_request: malformedRemedy,
  malformed_credentials: 'Send one Authorization field: Bearer, a space, the token.',
  no_token: (refused) => `Send a token of ${issuersText(refused)}: Authorization: Bearer TOKEN.`,
  invalid_token: tokenRemedy,
  insufficient_scope: scopeRemedy,
  insufficient_claims: claimsRemedy,
  no_route: noRouteRemedy,
  method_not_allowed: methodRemedy,
  request_timeout: OF_THE_UPSTREAM,
  body_too_large: "Send a smaller body, or raise the route's max_body.",
  target_too_long: 'Shorten the path and the query to 8 KiB.',
  headers_too_large: 'Send fewer or shorter header fields.',
  rate_limited: limitRemedy,
  internal_error: OF_THE_UPSTREAM,
  unknown_method: 'Use a method that HTTP knows, in upper case.',
  upstream_unreachable: OF_THE_UPSTREAM,
  upstream_broken: OF_THE_UPSTREAM,
  overloaded: 'Try again when fewer requests are in flight.',
  no_healthy_target: 'A target of the upstream must be up: see its health checks and its circuit breaker.',
  limits_unavailable: "The counts must be readable again; until then the route's on_failure decides.",
  keys_unavailable: keysRemedy,
  revocations_unavailable: 'The store of revocations must be readable.',
  upstream_timeout: OF_THE_UPSTREAM,
};

/** Returns the sentence. */
export function remedyFor(refused: RefusedRequest): string {
  const remedy = REMEDIES[refused.refusal.reason];
  return typeof remedy === 'string' ? remedy : remedy(refused);
}

function keysRemedy({ explanation: { token }, settings }: RefusedRequest): string {
  const isOwn = settings.issuers.some(({ name, keys }) => keys.kind === 'own' && name === token?.issuer);
  return isOwn
    ? "Ask the running gateway, which must be able to read the token service's database."
    : "The issuer's keys must be readable: check its jwks or discovery URL.";
}

function methodRemedy({ explanation: { match } }: RefusedRequest): string {
  const allowed = match?.allowed_methods ?? [];
  return allowed.length === 0
    ? 'Use another method: the gateway never allows this one.'
    : `Use ${listText(allowed, 'or')}, or add the method to a route.`;
}

function claimsRemedy({ explanation: { access } }: RefusedRequest): string {
  const found = (access?.checks ?? []).filter(
    ({ name, result }) => result === 'failed' && name.startsWith('claim '),
  );
  const names = found.map(({ name, text }) => `${name} ${text}`);
  return `Use a token of which this is true, or change the route's require: ${listText(names, 'and')}.`;
}

function noRouteRemedy({ explanation: { match, request } }: RefusedRequest): string {
  const nearest = match?.nearest;
  if (!nearest) return `Add a route for ${request.method} ${request.path ?? 'the path'}.`;
  const hosts = nearest.hosts ? ` of ${listText(nearest.hosts, 'or')}` : '';
  return `The nearest route is ${nearest.match}${hosts} (${nearest.file}:${nearest.line}).`;
}

function issuersText({ route, settings: { issuers } }: RefusedRequest): string {
  const names = route ? acceptedIssuers(route, issuers) : issuers;
  return listText(
    names.map(({ name }) => name),
    'or',
  );
}

function tokenRemedy(refused: RefusedRequest): string {
  const { token } = refused.explanation;
  const failedText = token?.checks.find(({ result }) => result === 'failed')?.text ?? '';
  const check = failedCheckOf(refused.refusal);
  const own = check && TOKEN_REMEDIES[check];
  if (own !== undefined) return own;
  if (check === 'times')
    return `Get a new token from ${token?.issuer ?? 'its issuer'}, or compare the clocks.`;
  if (check === 'issuer') return `Use a token of ${issuersText(refused)}.`;
  if (check === 'audience')
    return `Request a token for an accepted audience, or change the issuer's audience.`;
  return `Use another token: ${failedText}.`;
}

const WRONG_KEY = 'Use a token that its issuer signed with a key that it publishes now.';
const TOKEN_REMEDIES: Partial<Record<TokenCheck, string>> = {
  key: WRONG_KEY,
  signature: WRONG_KEY,
  'key confirmation': 'Send the request over TLS with the client certificate to which the token is bound.',
  revocation: 'Get a new token, or take the revocation back: tollgate apps restore ID.',
};

function scopeRemedy({ explanation }: RefusedRequest): string {
  const { access, token } = explanation;
  const missing = access?.missing ?? [];
  const refusedScopes = missing.filter((scope) => token?.not_granted.includes(scope));
  if (refusedScopes.length > 0) {
    const names = listText(refusedScopes, 'and');
    return `The token has ${names}, but ${token?.issuer ?? 'its issuer'} may not grant that: widen its grants.`;
  }
  const needed = listText(missing, access?.mode === 'any' ? 'or' : 'and');
  return `The token needs the scope ${needed}.`;
}

function limitRemedy({ explanation: { limits } }: RefusedRequest): string {
  const resets = (limits?.limits ?? [])
    .filter(({ remaining }) => remaining === 0)
    .flatMap(({ reset }) => reset ?? []);
  if (resets.length === 0) return 'Wait as long as Retry-After of the response says, or raise the limit.';
  return `Wait until ${timeText(Math.max(...resets) * 1000)}, or raise the limit.`;
}

function malformedRemedy({ refusal: { detail = 'it is not valid HTTP/1.1' } }: RefusedRequest): string {
  if (detail.includes('encoded slash'))
    return 'Set allow_encoded_slash on the route, or send the path without %2F.';
  if (detail.includes('semicolon')) return 'Set allow_semicolon in the file, or send the path without ";".';
  return `Change the request: ${detail}.`;
}
