/** The refusals of `authenticate/`. Each is made once; the texts are fixed and contain nothing of a token. */
import { Refusal } from '../model/refusal.js';

const CHALLENGE = 'Bearer realm="tollgate"';

/** When a client should retry after a 503. The keys themselves are retried every 1 to 30 seconds. */
const RETRY_AFTER_S = '5';

/** No credentials at all: a challenge without an error (RFC 6750 3.1). */
export const NO_TOKEN = new Refusal('no_token', ['WWW-Authenticate', CHALLENGE]);

export const MALFORMED_CREDENTIALS = new Refusal('malformed_credentials', [
  'WWW-Authenticate',
  `${CHALLENGE}, error="invalid_request", error_description="The Authorization field is not one Bearer token"`,
]);

/** Which of them the upstream would take for the caller's cannot be known. */
export const TWO_TOKENS = new Refusal(
  'malformed_request',
  [
    'WWW-Authenticate',
    `${CHALLENGE}, error="invalid_request", error_description="The request has two different tokens"`,
  ],
  'it has two different tokens',
);

/** The cause is not the caller's token, so there is no challenge. */
export const KEYS_UNAVAILABLE = new Refusal(
  'keys_unavailable',
  ['Retry-After', RETRY_AFTER_S],
  "The issuer's keys could not be read",
);

/** No revocations are known yet, from their source or from disk: the token may be revoked. */
export const REVOCATIONS_UNKNOWN = new Refusal(
  'revocations_unavailable',
  ['Retry-After', RETRY_AFTER_S],
  'The revocations could not be read',
);

/** The reasons of a 401, for `error_description` (RFC 6750 3) and for the log. */
export const INVALID_TOKEN = {
  tooLarge: invalidToken('The token is too large'),
  malformed: invalidToken('The token is malformed'),
  duplicateKeys: invalidToken('The token has a name twice'),
  critical: invalidToken('The token requires extensions that are not supported'),
  type: invalidToken('The token is not of an accepted type'),
  issuer: invalidToken('The issuer of the token is not accepted'),
  algorithm: invalidToken('The algorithm of the token is not accepted'),
  unknownKey: invalidToken('The token is signed with an unknown key'),
  signature: invalidToken('The signature of the token is wrong'),
  unverifiable: invalidToken('The token could not be verified'),
  expired: invalidToken('The token has expired'),
  notYetValid: invalidToken('The token is not valid yet'),
  times: invalidToken('The times of the token are malformed'),
  neverExpires: invalidToken('The token does not expire'),
  confirmation: invalidToken('The token is bound to a key that the request does not prove'),
  audience: invalidToken('The token is for another audience'),
  required: invalidToken('The token lacks a claim that its issuer must give it'),
  app: invalidToken('The token does not name an app'),
  foreignCookie: invalidToken('A token in a cookie is accepted only from the same origin'),
  revoked: invalidToken('The token has been revoked'),
} as const satisfies Record<string, Refusal>;

function invalidToken(description: string): Refusal {
  const challenge = `${CHALLENGE}, error="invalid_token", error_description="${description}"`;
  return new Refusal('invalid_token', ['WWW-Authenticate', challenge], description);
}

/** Returns the 401 that has a detail of the log; undefined where it is none of these. */
export function invalidTokenOf(detail: string | undefined): Refusal | undefined {
  return Object.values(INVALID_TOKEN).find((refusal) => refusal.detail === detail);
}
