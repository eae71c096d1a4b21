/** Authenticate, last step: a verified payload to the Principal that the rest of the way knows. */
import type { Issuer } from '../model/issuer.js';
import type { Principal } from '../model/principal.js';
import type { Refusal } from '../model/refusal.js';
import { isScopeToken, narrow } from '../model/scope.js';
import { readClaim } from './claims.js';
import type { JsonObject } from './parse-jws.js';
import { INVALID_TOKEN } from './refusals.js';

/** An app's id becomes part of a limiter's key and of a header field. */
const MAX_APP_LENGTH = 256;

/** Control characters, and lone surrogates: encoded as UTF-8, different ones would be one and the same app. */
const UNFIT_FOR_ID = /[\p{Cc}\p{Cs}]/u;

export function createPrincipal(payload: JsonObject, issuer: Issuer): Principal | Refusal {
  const app = textOf(readClaim(payload, issuer.claims.app));
  if (app === undefined || !isAppId(app)) return INVALID_TOKEN.app;
  const { exp, iat } = payload;
  const isOwn = issuer.keys.kind === 'own';
  return Object.freeze<Principal>({
    issuer: issuer.name,
    app,
    appName: textOf(payload['app_name']),
    organization: textOf(payload['organization']),
    subject: textOf(payload['sub']),
    tokenId: textOf(payload['jti']),
    family: isOwn ? textOf(payload['sid']) : undefined,
    generation: isOwn && typeof payload['gen'] === 'number' ? payload['gen'] : 0,
    scopes: Object.freeze(narrow(readScopes(readClaim(payload, issuer.claims.scope)), issuer.grants)),
    expiresAtMs: typeof exp === 'number' ? exp * 1000 : Infinity,
    issuedAtMs: typeof iat === 'number' ? iat * 1000 : -Infinity,
  });
}

function isAppId(text: string): boolean {
  return text.length <= MAX_APP_LENGTH && !UNFIT_FOR_ID.test(text);
}

/**
 * A claim's text. A number becomes its decimal text, where it is a safe integer: a larger one was rounded when it was
 * parsed, so two ids could become one.
 */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** An array, or a string with spaces between (RFC 6749 3.3); what is no scope-token grants nothing. */
function readScopes(claim: unknown): readonly string[] {
  const entries: readonly unknown[] = typeof claim === 'string' ? claim.split(' ') : [claim].flat();
  return entries.map(textOf).filter((text): text is string => text !== undefined && isScopeToken(text));
}
