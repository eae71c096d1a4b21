/** What `tollgate check` warns of in a valid file: routes that are never reached, open to nobody, or open too far. */
import { describe, expect, it } from 'vitest';
import { findWarnings } from '../../src/check/warnings.js';
import { load } from '../config/planted.js';

const ISSUERS = `issuers:
  main: {issuer: "https://i.example", audience: a, jwks: "https://i.example/jwks", grants: ["files:*"]}
  other: {issuer: "https://o.example", audience: a, jwks: "https://o.example/jwks", grants: [sso]}
upstreams: {api: "http://127.0.0.1:9001"}
routes:
`;

/** A file with a route a line, from line 6. */
async function warningsOf(...routes: string[]): Promise<string[]> {
  const text = ISSUERS + routes.map((each) => `  - {upstream: api, ${each}}\n`).join('');
  return findWarnings(await load(text)).map(({ line, text: words }) => `${line}: ${words}`);
}

const scoped = (match: string, more = '') => `match: "${match}", scope: "files:read"${more}`;
const open = (match: string, more = '') => `match: "${match}", public: true${more}`;

describe('a route that is never reached', () => {
  const never = (text: string) =>
    expect.stringMatching(new RegExp(`^6: this route is never reached${text}`)) as string;

  it.each([
    ['GET /a/{x*}', ['GET /a/{y}/{z**}'], '"GET /a/[^"]*" in line 7 matches every request for it$'],
    [
      'GET /a/{x**}',
      ['GET /a', 'GET /a/', 'GET /a/{y*}'],
      'other routes match every request for it: .*"GET /a/\\{y\\*\\}" in line 9',
    ],
    [
      'GET /a/{x*}',
      ['GET /a/{y}', 'GET /a/{y}/', 'GET /a/{y}/{z*}'],
      'other routes match every request for it: .*"GET /a/\\{y\\}" in line 7',
    ],
  ])('%s beside %j is named', async (match, others, reason) => {
    expect(await warningsOf(scoped(match), ...others.map((other) => scoped(other)))).toEqual([
      never(`: ${reason}`),
    ]);
  });

  it('is named with the methods for which another one is chosen', async () => {
    expect(await warningsOf(scoped('GET,POST /a/{x*}'), scoped('GET /a/{y}/{z**}'))).toEqual([
      never(' with GET: "GET /a/\\{y\\}/\\{z\\*\\*\\}" in line 7 matches every request for it$'),
    ]);
  });

  it.each([
    ['of other methods', [scoped('POST /a/{x*}'), scoped('GET /a/{y}/{z**}')]],
    ['for all methods beside one for some', [scoped('* /a/{x*}'), scoped('GET /a/{y}/{z**}')]],
    [
      'that has some paths to itself',
      [scoped('GET /a/{x*}'), scoped('GET /a/{y}/b'), scoped('GET /a/{y}/{z}')],
    ],
    [
      'of another host',
      [scoped('GET /a/{x*}', ', host: a.test'), scoped('GET /a/{y}/{z**}', ', host: b.test')],
    ],
    [
      'of hosts of which one is its own',
      [scoped('GET /a/{x*}', ', host: [a.test, "*.b.test"]'), scoped('GET /a/{y}/{z**}', ', host: a.test')],
    ],
    [
      'with encoded characters',
      [scoped('GET /a%20b/{x}'), scoped('GET /%C3%BC/%2F', ', allow_encoded_slash: true')],
    ],
  ])('is not seen in one %s', async (_what, routes) => {
    expect(await warningsOf(...routes)).toEqual([]);
  });
});

describe('a scope that no issuer may grant', () => {
  const nobody = 'so nobody can open this route';

  it.each([
    [
      'scope: "other:read"',
      `no issuer may grant "other:read", ${nobody}; correct the scope, or add it to "grants" (of main, other)`,
    ],
    [
      'scope: {any: [sso, x]}',
      'no issuer may grant "x"; correct the scope, or add it to "grants" (of main, other)',
    ],
    [
      'scope: ["files:read", sso]',
      `no single issuer may grant all of these scopes, ${nobody}; add them to the "grants" of one (of main, other)`,
    ],
    [
      'scope: "files:read", issuer: other',
      `no issuer may grant "files:read", ${nobody}; correct the scope, or add it to "grants" (of other)`,
    ],
    [
      'scope: "files"',
      `no issuer may grant "files", ${nobody}; correct the scope, or add it to "grants" (of main, other)`,
    ],
    [
      'scope: "files", limit: {requests: 1, window: 1m, shadow: true}',
      `no issuer may grant "files", ${nobody}; correct the scope, or add it to "grants" (of main, other)`,
    ],
    [
      'scope: "files", shadow: true',
      'no issuer may grant "files", so nobody could open this route without "shadow"; correct the scope, or add it to ' +
        '"grants" (of main, other)',
    ],
  ])('is named: %s', async (access, text) => {
    expect(await warningsOf(`match: GET /a, ${access}`)).toEqual([`6: ${text}`]);
  });

  it.each(['scope: "files:read"', 'scope: sso', 'scope: none', 'scope: {any: ["files:a", sso]}'])(
    'is not seen in %s',
    async (access) => {
      expect(await warningsOf(`match: GET /a, ${access}`)).toEqual([]);
    },
  );
});

describe('a public route that opens a part of one with a scope', () => {
  const opens = (name: string) =>
    `6: this public route opens a part of ${name}, which needs a token; if that is intended, give it an expect case ` +
    'without scopes and with status 200';

  it.each([
    ['GET /files/status', 'GET /files/{id}'],
    ['GET /files/{id}', '* /files/{id}'],
    ['GET /files/{p**}', '* /{path**}'],
    ['GET /a/{x}', 'GET /{y}/b'],
    ['* /files/{id}/raw', 'GET /files/{p*}'],
    ['HEAD /files', 'GET /files'],
    ['HEAD /files/{id}', 'GET /files/{p*}'],
  ])('is named: %s above %s', async (publicMatch, match) => {
    expect(await warningsOf(open(publicMatch), scoped(match))).toEqual([opens(`"${match}" in line 7`)]);
  });

  it.each([
    ['scope: none', 'this route needs no scope and opens', 'one'],
    ['scope: "files:read", shadow: true', 'while its scope is in shadow, this route opens', 'a scope'],
  ])('or that needs any valid token only, is named: %s', async (access, what, needs) => {
    const mine = `match: GET /files/mine, ${access}`;
    expect(await warningsOf(mine, scoped('GET /files/{id}'))).toEqual([
      `6: ${what} a part of "GET /files/{id}" in line 7, which needs ${needs}; if that is intended, give it an expect ` +
        'case with scopes: [] and with status 200',
    ]);
    const intended = `${mine}, expect: [{path: /files/mine, scopes: [], status: 200}]`;
    expect(await warningsOf(intended, scoped('GET /files/{id}'))).toEqual([]);
    const other = `${mine}, expect: [{path: /files/mine, status: 401}]`;
    expect(await warningsOf(other, scoped('GET /files/{id}'))).toHaveLength(1);
    expect(await warningsOf(mine, 'match: "GET /files/{id}", scope: none')).toEqual([]);
    expect(await warningsOf(`${mine}, host: a.test`, scoped('GET /files/{id}', ', host: b.test'))).toEqual(
      [],
    );
  });

  it('is named with the number of further routes', async () => {
    expect(await warningsOf(open('GET /a/b/c'), scoped('GET /a/{x*}'), scoped('* /{path**}'))).toEqual([
      opens('"GET /a/{x*}" in line 7 and of 1 more'),
    ]);
  });

  it.each([
    ['that is less specific', [open('GET /{x*}'), scoped('GET /files/{id}')]],
    ['for GET beside one for HEAD', [open('GET /files/{id}'), scoped('HEAD /files/{id}')]],
    ['that is beside it', [open('GET /status'), scoped('GET /files/{id}')]],
    ['with other methods', [open('POST /files/status'), scoped('GET /files/{id}')]],
    [
      'of another host',
      [open('GET /files/status', ', host: a.test'), scoped('GET /files/{id}', ', host: b.test')],
    ],
    [
      'whose expect case says so',
      [
        open('GET /files/status', ', expect: [{path: /files/status, status: 200}]'),
        scoped('GET /files/{id}'),
      ],
    ],
  ])('is not seen in one %s', async (_what, routes) => {
    expect(await warningsOf(...routes)).toEqual([]);
  });
});
