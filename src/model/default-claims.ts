/** The claims from which the gateway reads a given app and given scopes. */
import { AUDIENCE_CLAIM, isSameClaim, readClaim, satisfies, type ClaimCondition } from './claim.js';
import type { Issuer } from './issuer.js';

/** What decides the claims of an issuer's tokens. */
export type ClaimSettings = Pick<Issuer, 'iss' | 'audience' | 'audienceClaim' | 'claims' | 'require'>;

/**
 * Returns iss, aud, sub, the app and scopes in the claims that the issuer's settings name, and the required claims. A
 * claim may have two meanings: scopes in the app's claim are written as one text, and scopes in `aud` as additional
 * audiences.
 * @param scopes undefined: the token has no scopes
 */
export function defaultClaims(
  settings: ClaimSettings,
  app: string,
  scopes: readonly string[] | undefined,
): Record<string, unknown> {
  const payload = identifyingClaims(settings, app, scopes);
  for (const condition of settings.require) satisfy(payload, condition);
  return payload;
}

function identifyingClaims(
  { iss, audience, audienceClaim, claims }: ClaimSettings,
  app: string,
  scopes: readonly string[] | undefined,
): Record<string, unknown> {
  const payload: Record<string, unknown> = { sub: app };
  if (iss !== undefined) payload['iss'] = iss;
  if (audience !== undefined) setClaim(payload, audienceClaim, audience[0]);
  const [appPath = []] = claims.app;
  const [scopePath = []] = claims.scope;
  if (readClaim(payload, appPath) === undefined) setClaim(payload, appPath, app);
  if (scopes === undefined) return payload;
  if (isSameClaim(scopePath, appPath)) setClaim(payload, scopePath, scopes.length ? scopes.join(' ') : app);
  else if (isSameClaim(scopePath, AUDIENCE_CLAIM))
    payload['aud'] = [
      ...(isSameClaim(audienceClaim, AUDIENCE_CLAIM) ? (audience?.slice(0, 1) ?? []) : []),
      ...scopes,
    ];
  else setClaim(payload, scopePath, scopes);
  return payload;
}

/** Changes the claims so that they satisfy a condition. A claim that must be absent stays where the settings need it. */
function satisfy(payload: Record<string, unknown>, condition: ClaimCondition): void {
  const { path, test, values } = condition;
  if (test === 'absent' || satisfies(condition, payload)) return;
  const before = readClaim(payload, path);
  const entries: readonly unknown[] = typeof before === 'string' ? before.split(' ') : [before ?? []].flat();
  setClaim(payload, path, test === 'is' ? values[0] : [...entries, values[0]]);
}

/** Sets a claim by its path: `['realm_access', 'roles']` creates the object `realm_access`. */
function setClaim(payload: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) {
    payload[name] = value;
    return;
  }
  const inner = payload[name];
  const object: Record<string, unknown> = typeof inner === 'object' && inner !== null ? { ...inner } : {};
  setClaim(object, rest, value);
  payload[name] = object;
}
