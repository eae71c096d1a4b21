/** The schema of the token service: its issuer, its database, its limits and its endpoints. */
import { z } from 'zod';
import { ParseError } from '../problem.js';
import { parseOwnPath } from './own-path.js';
import { scope } from './issuer.js';
import { parseKeyText } from './key-text.js';
import { parseLimit } from './limit.js';
import { parseKeyUrl, parseUrl } from './url.js';
import { DAY_MS, count, duration, given, list, parseDuration, phrase, single, words } from './values.js';

const DATABASE_FORM = 'sqlite:PATH or postgres://user@host/database';

/** A database of the file: the path of a SQLite file, or the URL of PostgreSQL. */
export type RawDatabase = { readonly sqlite: string } | { readonly postgres: string };

function parseDatabase(text: string): RawDatabase | ParseError {
  const [, file] = /^sqlite:(?!\/\/)(.+)$/.exec(text) ?? [];
  if (file !== undefined) return { sqlite: file };
  const url = parseUrl(text, ['postgres', 'postgresql']);
  return url instanceof ParseError ? new ParseError(`must be ${DATABASE_FORM}`) : { postgres: text };
}

/** Parses an issuer: a URL without query or fragment (RFC 8414 2). */
function parseIssuer(text: string): string | ParseError {
  const url = parseKeyUrl(text);
  if (url instanceof ParseError) return url;
  return url.includes('?') ? new ParseError('must be a URL without a query') : url;
}

/** Lifetimes are bounded, since a token cannot outlive the keys that are kept for it. */
const LIFETIME = { leastMs: 1000, mostMs: 3660 * DAY_MS };
const lifetime = () => duration(LIFETIME);

const ENDLESS_FORM = 'a duration such as 1d, or none';

function parseEndlessLifetime(text: string): number | 'none' | ParseError {
  if (text === 'none') return text;
  const ms = parseDuration(text);
  const isLifetime = !(ms instanceof ParseError) && ms >= LIFETIME.leastMs && ms <= LIFETIME.mostMs;
  return isLifetime ? ms : new ParseError(`must be ${ENDLESS_FORM}`);
}

const APP_LIMIT_FORM = 'a number such as 60 per 1m, or none';

/** A limit on what an app may do; `none` means no limit. */
const appLimit = (defaultValue: string) =>
  phrase((text) => {
    const limit = text === 'none' ? text : parseLimit(text);
    return limit instanceof ParseError ? new ParseError(`must be ${APP_LIMIT_FORM}`) : limit;
  }, APP_LIMIT_FORM).prefault(defaultValue);

const path = (defaultValue: string) =>
  phrase(parseOwnPath, `a path such as ${defaultValue}`).prefault(defaultValue).describe('Its path.');

const permissions = z
  .record(scope, count(0, 1_000_000), { error: given('must be numbers by permission: {scope_api: 1}') })
  .describe('What named tokens may grant, and the number of each in the token: {scope_api: 1}.');

const endpoints = z
  .strictObject({
    revoke: z
      .strictObject({ path: path('/revoke') })
      .prefault({})
      .describe(
        'Where apps revoke tokens (RFC 7009); always present: change the path if a service of yours has it.',
      ),
    introspect: z
      .strictObject({ path: path('/introspect') })
      .prefault({})
      .describe('Where apps introspect tokens (RFC 7662); always present, in the same way.'),
    key_secret: z
      .strictObject({
        path: path('/auth/token'),
        lifetime: phrase(parseEndlessLifetime, ENDLESS_FORM)
          .prefault('none')
          .describe('The lifetime of its tokens; none: until they are revoked.'),
      })
      .optional()
      .describe("A token for an app's key and secret."),
    client_credentials: z
      .strictObject({
        path: path('/connect/token'),
        lifetime: lifetime().prefault('1d').describe('The lifetime of its tokens.'),
      })
      .optional()
      .describe('OAuth 2.0 client credentials (RFC 6749 4.4).'),
    password: z
      .strictObject({
        path: path('/token'),
        lifetime: lifetime().prefault('1h').describe('The lifetime of its access tokens.'),
        refresh_lifetime: lifetime()
          .prefault('30d')
          .describe('How long after a login its refresh tokens expire, however often they are used.'),
      })
      .optional()
      .describe('A token and a refresh token for a user name and password; better not used (RFC 9700 2.4).'),
    named: z
      .strictObject({ path: path('/token/create'), permissions })
      .optional()
      .describe("Named tokens, made with an app's secret."),
    whoami: z
      .strictObject({ path: path('/token/whoami') })
      .optional()
      .describe("The claims of a caller's token."),
  })
  .describe(
    'The endpoints that issue tokens, each enabled by naming it; and those that revoke and introspect tokens.',
  );

/** The token service. */
export const tokens = z.strictObject({
  issuer: phrase(parseIssuer, 'a URL').describe("This gateway's own issuer; routes refer to it as `tokens`."),
  audience: z
    .union(
      [
        single((text) => (text === '' ? new ParseError('must not be empty') : [text]), {
          mustBe: 'an audience',
          separator: /,/,
        }),
        list(words('an audience'), 'a list of audiences'),
      ],
      {
        error: given('must be one audience or a list of them'),
      },
    )
    .describe('The aud of its tokens: one or a list.'),
  database: phrase(parseDatabase, DATABASE_FORM)
    .prefault('sqlite:data/tollgate.db')
    .describe(
      `Where apps, users, keys and revocations are kept: ${DATABASE_FORM}; gateways may share PostgreSQL.`,
    ),
  failed_attempts: z
    .strictObject({
      limit: phrase(parseLimit, 'a number of attempts such as 20 per 1m')
        .prefault('20 per 1m')
        .describe('How many failures one id may have from one address: 20 per 1m.'),
      cooldown: duration().prefault('10m').describe('How long that id is then refused from that address.'),
    })
    .prefault({})
    .describe(
      'The limit of wrong secrets and passwords, by id and address; ten times as many by address alone.',
    ),
  revoke_limit: appLimit('60 per 1m').describe(
    'How many tokens an app may revoke, over all gateways that share a Redis: 60 per 1m, or none. Beyond it 429.',
  ),
  issue_limit: appLimit('60 per 1m').describe(
    'How many tokens an app, or a user, is issued, over all gateways that share a Redis: 60 per 1m, or none. Beyond it 429.',
  ),
  key_encryption_key: phrase(parseKeyText, 'a text')
    .optional()
    .describe(
      'A secret of 32 random bytes with which signing keys are encrypted at rest, those stored before too: ' +
        '${TOLLGATE_KEK:-}; empty: they are not. Made with: openssl rand -base64 32.',
    ),
  previous_key_encryption_key: phrase(parseKeyText, 'a text')
    .optional()
    .describe(
      'The key_encryption_key before the present one. Keys that it encrypted are read, and encrypted again with the present one.',
    ),
  endpoints: endpoints.prefault({}),
});
