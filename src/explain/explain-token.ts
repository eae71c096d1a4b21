/** Explains the step `authenticate`: the issuer, the key and each check of the token. The token itself is never shown. */
import {
  claimedScopes,
  failedCheckOf,
  TOKEN_CHECKS,
  type TokenCheck,
  type TokenTrace,
} from '../authenticate/authenticate.js';
import { readClaim } from '../model/claim.js';
import type { ExplainedCheck, ExplainedToken } from '../model/explanation.js';
import type { Issuer } from '../model/issuer.js';
import { Refusal } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import { keyOfSource } from '../model/token-source.js';
import { narrow } from '../model/scope.js';
import type { AuthenticatedCaller } from './authenticate-caller.js';
import type { ExplainContext } from './context.js';
import { acceptedIssuers } from './place-token.js';
import { detailOf, distanceText, failed, listText, passed, skipped, timeText, valueText } from './text.js';

type Payload = Readonly<Record<string, unknown>>;

/** The checks that an assumed caller passes without a token. */
const NOT_ASSUMED: ReadonlySet<TokenCheck> = new Set(['form', 'type', 'algorithm', 'key', 'signature']);

/** Describes the token and its checks. */
export function describeToken(
  { result, trace }: AuthenticatedCaller,
  route: Route,
  assumed: boolean,
  context: ExplainContext,
): ExplainedToken {
  const { jws, issuer, place } = trace;
  const payload: Payload = jws?.payload ?? {};
  const isRefused = result instanceof Refusal;
  return {
    assumed,
    place: assumed || !jws ? null : place === undefined ? 'authorization' : keyOfSource(place),
    issuer: issuer?.name ?? null,
    iss: textOf(payload['iss']),
    kid: assumed ? null : (jws?.header.kid ?? null),
    alg: assumed ? null : (jws?.header.alg ?? null),
    typ: assumed ? null : (jws?.header.typ ?? null),
    app: isRefused ? null : result.app,
    subject: textOf(payload['sub']),
    audience: issuer ? audienceOf(payload, issuer) : null,
    scopes: isRefused ? null : result.scopes,
    not_granted: issuer ? notGranted(payload, issuer) : [],
    issued_at: timeOf(payload['iat']),
    not_before: timeOf(payload['nbf']),
    expires_at: timeOf(payload['exp']),
    checks: checksOf(result, trace, route, assumed, context),
  };
}

function checksOf(
  result: AuthenticatedCaller['result'],
  trace: TokenTrace,
  route: Route,
  assumed: boolean,
  context: ExplainContext,
): ExplainedCheck[] {
  const failedCheck = result instanceof Refusal ? (failedCheckOf(result) ?? trace.begun.at(-1)) : undefined;
  return TOKEN_CHECKS.map((name): ExplainedCheck => {
    if (assumed && NOT_ASSUMED.has(name)) return skipped(name, 'assumed');
    if (result instanceof Refusal && name === failedCheck)
      return failed(name, failureText(result, textOfCheck(name, trace, route, context)));
    if (!trace.begun.includes(name)) return skipped(name, 'not reached');
    if (name === 'revocation' && !context.knowsRevocations)
      return skipped(name, 'no revocations are known here');
    return passed(name, PASSED[name] ?? textOfCheck(name, trace, route, context));
  });
}

/** The texts of checks that show no values when they are passed. */
const PASSED: Partial<Record<TokenCheck, string>> = {
  form: 'three parts, and no name twice',
  signature: 'matches the key',
  revocation: 'not revoked',
};

function failureText(refusal: Refusal, compared: string): string {
  const reason = detailOf(refusal);
  return compared === '' ? reason : `${reason}: ${compared}`;
}

/** What a check compared. The values of the token are those that identify the caller. */
function textOfCheck(
  name: TokenCheck,
  { jws, issuer }: TokenTrace,
  route: Route,
  context: ExplainContext,
): string {
  if (!jws) return '';
  const { payload } = jws;
  const { issuers } = context.settings;
  if (name === 'issuer') {
    const accepted = acceptedIssuers(route, issuers).map((each) => each.name);
    const iss = payload['iss'] === undefined ? 'no iss' : `iss ${valueText(payload['iss'])}`;
    return issuer ? `${iss} is ${issuer.name}` : `${iss}; the route accepts ${listText(accepted, 'and')}`;
  }
  if (!issuer) return '';
  const { header } = jws;
  switch (name) {
    case 'type':
      return `typ ${header.typ ?? 'absent'}; accepted: ${listText(
        [...issuer.tokenTypes].map((type) => type ?? 'none'),
        'or',
      )}`;
    case 'algorithm':
      return `alg ${header.alg}; accepted: ${listText(issuer.algorithms, 'or')}`;
    case 'key':
      return header.kid === undefined ? 'no kid' : `kid ${valueText(header.kid)}`;
    case 'times':
      return timesText(payload, issuer, context.now());
    case 'audience':
      return audienceText(payload, issuer);
    case 'required claims':
      return issuer.require.length === 0
        ? 'none'
        : listText(
            issuer.require.map((one) => one.name),
            'and',
          );
    case 'key confirmation':
      return Object.hasOwn(payload, 'cnf') ? 'bound to a client certificate' : 'bound to no key';
    case 'app':
      return `from ${listText(
        issuer.claims.app.map((path) => path.join('.')),
        'or',
      )}`;
    case 'form':
    case 'signature':
    case 'revocation':
      return '';
  }
}

function timesText({ exp, nbf, iat }: Payload, { clockSkewMs }: Issuer, nowMs: number): string {
  const parts = [
    typeof iat === 'number' ? `issued ${timeText(iat * 1000)}` : undefined,
    typeof nbf === 'number' ? `valid from ${distanceText(nbf * 1000, nowMs)}` : undefined,
    typeof exp === 'number'
      ? `${exp * 1000 > nowMs ? 'expires' : 'expired'} ${distanceText(exp * 1000, nowMs)}`
      : 'no exp',
    clockSkewMs > 0 ? `clock skew ${clockSkewMs / 1000}s` : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

function audienceText(payload: Payload, issuer: Issuer): string {
  const { audience, audienceClaim } = issuer;
  if (audience === undefined) return 'not checked (audience: false)';
  const found = audienceOf(payload, issuer);
  const name = audienceClaim.join('.');
  return `${found === null ? `no ${name}` : `${name} ${found.join(', ')}`}; accepted: ${listText(audience, 'or')}`;
}

function audienceOf(payload: Payload, { audienceClaim }: Issuer): readonly string[] | null {
  const claim = readClaim(payload, audienceClaim);
  if (claim === undefined) return null;
  return [claim].flat().map((one) => (typeof one === 'string' ? one : valueText(one)));
}

/** The scopes of the token that its issuer may not grant, not even in part. */
function notGranted(payload: Payload, issuer: Issuer): readonly string[] {
  return claimedScopes(payload, issuer).filter((scope) => narrow([scope], issuer.grants).length === 0);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

function timeOf(value: unknown): string | null {
  return typeof value === 'number' ? timeText(value * 1000) : null;
}
