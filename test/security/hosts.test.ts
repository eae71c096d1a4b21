/**
 * The host of a request has one meaning: however it is spelled, it reaches the routes of that host, and a target that
 * names another one is refused.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFixture, type Fixture } from '../support/fixture.js';
import { createDatabaseFile, tokensIn } from '../support/token-gate.js';

let fixture: Fixture;
let named: Fixture;

const issuers = { main: { issuer: 'https://issuer.test', jwks: 'https://127.0.0.1:1/', audience: 'gate' } };
const cors = { origins: ['https://app.test'] };

beforeAll(async () => {
  [fixture, named] = await Promise.all([
    startFixture({
      issuers,
      trust_proxy: ['127.0.0.1'],
      routes: [
        { match: '* /{path**}', upstream: 'behind', public: true },
        { host: 'api.test', match: '* /keys/{id}', upstream: 'behind', scope: 'keys' },
        { host: ['bücher.test', '[::1]'], match: '* /keys/{id}', upstream: 'behind', scope: 'keys' },
        { host: '*.api.test', match: '* /{path**}', upstream: 'behind', scope: 'keys', cors },
      ],
    }),
    startFixture({ routes: [{ host: 'api.test', match: '* /{path**}', upstream: 'behind', public: true }] }),
  ]);
});
afterAll(() => Promise.all([fixture.close(), named.close()]));

async function ask(
  host: string | undefined,
  target = '/keys/7',
  { at = fixture, method = 'GET', fields = '', version = '1.1' } = {},
) {
  const before = at.upstream.requests.length;
  const hostField = host === undefined ? '' : `Host: ${host}\r\n`;
  const { responses } = await at.talk(
    `${method} ${target} HTTP/${version}\r\n${hostField}${fields}Connection: close\r\n\r\n`,
  );
  return { status: responses[0]?.status, forwarded: at.upstream.requests.length - before };
}

const REFUSED = { status: 401, forwarded: 0 };
const OPEN = { status: 200, forwarded: 1 };

describe('A host', () => {
  it.each([
    'api.test',
    'API.Test',
    'api.test:80',
    'api.test:1',
    'api.test.',
    'api.test..:80',
    'Api.test.:8443',
    'xn--bcher-kva.test',
    'XN--Bcher-KVA.TEST',
    '[::1]',
    '[0:0:0::1]:80',
    'any.api.test',
    'a.b.API.test.',
  ])('in another spelling reaches its own routes: %s', async (host) => {
    expect(await ask(host)).toEqual(REFUSED);
  });

  it.each(['other.test', 'xapi.test', 'api.test.other.test', 'api.tes', '[::2]', '127.0.0.1'])(
    'that only resembles one is another host: %s',
    async (host) => {
      expect(await ask(host)).toEqual(OPEN);
    },
  );

  it('that no route names is 404', async () => {
    expect(await ask('other.test', '/', { at: named })).toEqual({ status: 404, forwarded: 0 });
    expect(await ask('API.test:1', '/', { at: named })).toEqual(OPEN);
  });

  it('reaches no looser route by a path in another spelling', async () => {
    for (const path of ['/Keys/7', '/KEYS/7', '/keys/7/', '/%6beys/7']) {
      const { status, forwarded } = await ask('api.test', path);
      expect([401, 404], path).toContain(status);
      expect(forwarded).toBe(0);
    }
  });

  it.each([
    '',
    ' ',
    'api.test,other.test',
    'api.test other.test',
    'api%2etest',
    'a@api.test',
    'api.test/x',
    '[::1',
    'b\xfccher.test',
  ])('that is no host is 400: %j', async (host) => {
    expect(await ask(host)).toEqual({ status: 400, forwarded: 0 });
  });

  it('is required, also in HTTP/1.0, and is only one', async () => {
    const none = { status: 400, forwarded: 0 };
    expect(await ask(undefined)).toEqual(none);
    expect(await ask(undefined, '/keys/7', { version: '1.0' })).toEqual(none);
    expect(await ask(undefined, 'http://other.test/keys/7', { version: '1.0' })).toEqual(none);
    expect(await ask('other.test', '/keys/7', { fields: 'Host: api.test\r\n' })).toEqual(none);
  });
});

describe('A target in absolute form', () => {
  it('that names another host than Host is 400, whichever of them has the looser route', async () => {
    const none = { status: 400, forwarded: 0 };
    expect(await ask('other.test', 'http://api.test/keys/7')).toEqual(none);
    expect(await ask('api.test', 'http://other.test/keys/7')).toEqual(none);
    expect(await ask('api.test', 'http://other.test@api.test/keys/7')).toEqual(none);
    expect(await ask('other.test', 'http://other.test:8/keys/7')).toEqual(none);
  });

  it('that names the same host reaches its routes', async () => {
    expect(await ask('api.test', 'http://API.test/keys/7')).toEqual(REFUSED);
    expect(await ask('api.test:80', 'http://api.test/keys/7')).toEqual(REFUSED);
    expect(await ask('other.test', 'http://other.test/keys/7')).toEqual(OPEN);
  });
});

it('X-Forwarded-Host does not decide, not even from a trusted proxy', async () => {
  expect(await ask('api.test', '/keys/7', { fields: 'X-Forwarded-Host: other.test\r\n' })).toEqual(REFUSED);
  expect(await ask('other.test', '/keys/7', { fields: 'X-Forwarded-Host: api.test\r\n' })).toEqual(OPEN);
});

it("A preflight request is judged by the host's route", async () => {
  const preflight = {
    method: 'OPTIONS',
    fields: 'Origin: https://app.test\r\nAccess-Control-Request-Method: GET\r\n',
  };
  expect(await ask('any.API.test:80', '/keys/7', preflight)).toEqual({ status: 204, forwarded: 0 });
  // Without a cors section it is a request like any other: the public route has the method.
  expect(await ask('other.test', '/keys/7', preflight)).toEqual(OPEN);
  expect(await ask('api.test', '/keys/7', preflight)).toEqual(REFUSED);
});

it('The paths of the token service are its own at every host', async () => {
  const file = await createDatabaseFile();
  const at = await startFixture({
    tokens: tokensIn(file.database),
    routes: [{ host: 'api.test', match: '* /{path**}', upstream: 'behind', public: true }],
  });
  try {
    for (const host of ['api.test', 'other.test', 'API.test:1']) {
      expect(await ask(host, '/.well-known/jwks.json', { at })).toEqual({ status: 200, forwarded: 0 });
      expect(await ask(host, '/Token/whoami/', { at })).toEqual({ status: 404, forwarded: 0 });
    }
  } finally {
    await at.close();
    await file.remove();
  }
});
