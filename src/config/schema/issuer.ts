/** The schema of issuers: whose tokens are trusted, with which keys, and which scopes they can grant. */
import { z } from 'zod';
import { AUDIENCE_CLAIM } from '../../model/claim.js';
import { isScopeToken } from '../../model/scope.js';
import { tokenTypeOf, type TokenTypes } from '../../model/token-type.js';
import { ParseError } from '../problem.js';
import { appClaims, claim, scopeClaims } from './claim.js';
import { issuerConditions } from './condition.js';
import { algorithms, publicKey, secret } from './issuer-keys.js';
import { keyRequest } from './key-request.js';
import { tokenFrom } from './token-from.js';
import { parseDocumentUrl, unfilled } from './url.js';
import { duration, flag, given, list, name, phrase, single } from './values.js';

/** The names of the token service's own issuers, which no issuer of the file may have. */
const RESERVED = new Set(['tokens', 'named']);

/** The name of an issuer. */
export const issuerName = name().refine((text) => !RESERVED.has(text), {
  error: 'is a name reserved for the token service; choose another',
});

function parseScope(text: string): string | ParseError {
  if (isScopeToken(text)) return text;
  return new ParseError(
    `"${text}" is no scope; use visible ASCII characters without spaces, quotes and "\\"`,
  );
}

/** A scope. */
export const scope = phrase(parseScope, 'a scope');
/** One scope, where a list is allowed too. */
export const singleScope = single(parseScope, {
  mustBe: 'a scope',
  remedy: (list) => `write ${list} for all of them, or {any: ${list}} for one of them`,
});

/** Entra's common endpoints have no tenant, so no token has them as its iss. */
const COMMON_ENDPOINT = /^https:\/\/login\.microsoftonline\.com\/(common|organizations)\//i;

/** Parses an iss. It is compared with the tokens' iss as a whole, so a placeholder or a pattern never matches. */
function parseIss(text: string): string | ParseError {
  if (text.trim() === '') return new ParseError('must not be empty');
  if (!/^[a-z][a-z0-9+.-]*:/i.test(text)) return text;
  const variable =
    unfilled(text) ?? COMMON_ENDPOINT.exec(text)?.[1] ?? /\*|(?<=\/):[a-z]\w*|\$[a-z]\w*/i.exec(text)?.[0];
  if (variable === undefined) return text;
  const corrected = text.replace(variable, variable.replace(/%7[bd]|[^\w-]/gi, '').toUpperCase() || 'VALUE');
  return new ParseError(
    `must be the tokens' iss as it stands in them, which never has "${variable}": write ${corrected} with the value in its place`,
  );
}

function parseAudience(text: string): string | ParseError {
  const variable = unfilled(text);
  if (text === '') return new ParseError('must not be empty');
  return variable === undefined
    ? text
    : new ParseError(
        `must be the tokens' aud as it stands in them, which never has "${variable}": write the value itself`,
      );
}

/** Parses where keys are: a URL, or else the path of a file. */
function parseKeyPlace(text: string): { url: string } | { file: string } | ParseError {
  if (text.trim() === '') return new ParseError('must not be empty');
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text)) return { file: text };
  const url = parseDocumentUrl(text);
  return url instanceof ParseError ? url : { url };
}

const TYPE_FORM = 'a typ such as JWT, at+jwt or JOSE, or absent';

/** RFC 6838 4.2, with or without `application/`. */
const MEDIA_TYPE = /^(application\/)?[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/i;

function parseTokenType(text: string): string | undefined | ParseError {
  if (text === 'absent') return undefined;
  return MEDIA_TYPE.test(text)
    ? tokenTypeOf(text)
    : new ParseError(`"${text}" is no token type; use ${TYPE_FORM}`);
}

const audiences = list(phrase(parseAudience, 'an audience'), 'a list of audiences');
const inAud = (any: readonly string[]) => ({ claim: AUDIENCE_CLAIM, any });

/** An issuer. */
export const issuer = z.strictObject({
  issuer: z
    .union([phrase(parseIss, "the tokens' iss"), z.literal(false)], {
      error: given("must be the tokens' iss, or false where tokens carry none"),
    })
    .describe('The expected iss of its tokens, exactly; false for the one issuer whose tokens have none.'),
  jwks: z
    .union(
      [
        phrase(parseKeyPlace, 'a URL or a file path'),
        z.looseObject({}).transform((jwks) => ({ inline: jwks })),
      ],
      {
        error: given('must be a URL, a file path, or an object {keys: [...]}'),
      },
    )
    .optional()
    .describe(
      'Its keys: a URL (https, or http on loopback), a file, or the set itself, of at most 1 MiB. Absent: found by ' +
        "OpenID discovery at the issuer's URL.",
    ),
  ...keyRequest,
  public_key: publicKey.optional(),
  secret: secret.optional(),
  audience: z
    .union(
      [
        single(parseAudience, { mustBe: 'an audience', separator: /,/ }).transform((one) => inAud([one])),
        audiences.transform(inAud),
        z.strictObject({
          claim: claim.describe('The claim in place of aud: client_id.'),
          any: audiences.describe('Its accepted values.'),
        }),
        z.literal(false),
      ],
      {
        error: (issue) =>
          issue.input === undefined
            ? 'missing key "audience"; without it tokens for other services would be accepted: set the expected aud, or audience: false'
            : 'must be one audience, a list of them, {claim, any}, or false where tokens carry none',
      },
    )
    .describe(
      'The expected aud of its tokens: one, or a list of which one must be present; {claim: client_id, any: [...]} where another claim has it; ' +
        'false where tokens have none.',
    ),
  algorithms,
  token_from: tokenFrom,
  forward_token: flag()
    .default(false)
    .describe(
      'Whether upstreams get a token that is in a header field or a cookie of "token_from". Authorization is not meant: see "forward_authorization".',
    ),
  token_types: list(phrase(parseTokenType, TYPE_FORM), 'a list of token types')
    .prefault(['JWT', 'at+jwt', 'absent'])
    .transform((types): TokenTypes => new Set(types))
    .describe(
      'The accepted typ of its tokens, with or without application/; absent: a header without typ. With JOSE, for SPIFFE, keys with the use jwt-svid are used too.',
    ),
  claims: z
    .strictObject({
      app: appClaims
        .prefault('sub')
        .describe(
          "The claim that holds the app's id: a name, a list that is a path into an object, or {first: [azp, client_id]}: " +
            'the first that a token has. An integer counts as its decimal text.',
        ),
      scope: scopeClaims
        .prefault('scope')
        .describe(
          'The claim that holds the scopes: a name, a list that is a path into an object, or {union: [scp, roles]}: all of ' +
            'them together. The scopes are an array, a text separated by spaces, or the keys of an object.',
        ),
    })
    .prefault({})
    .describe('The claims of its tokens that the gateway reads.'),
  require: issuerConditions()
    .default([])
    .describe(
      'What every one of its tokens must have: [{claim: token_use, is: access}]; {claim, is}, {claim, has} or {claim, absent}.',
    ),
  require_exp: flag()
    .default(true)
    .describe('false accepts tokens that never expire; only revocation ends them.'),
  clock_skew: duration({ leastMs: 0, mostMs: 300_000 })
    .prefault('30s')
    .describe("The allowed difference between its clock and the gateway's; at most 5m."),
  grants: list(scope, 'a list of scopes')
    .optional()
    .describe(
      'The scopes that its tokens can have at most: ["notarization:*"]. Required with two issuers or more; with one, absent: all.',
    ),
});
