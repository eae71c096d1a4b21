import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startScriptedFixture, type Fixture } from '../support/fixture.js';
import { AUDIENCE, createTestIssuer, type Claims, type TestIssuer } from '../support/tokens.js';

let issuer: TestIssuer;
let fixture: Fixture;

beforeAll(async () => {
  issuer = await createTestIssuer();
  fixture = await startScriptedFixture(
    {
      issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
      routes: [
        {
          host: 'api.test',
          match: 'GET /orgs/{org}/{path**}',
          upstream: 'behind',
          rewrite: '/v1/{org}/{path}',
          scope: 'none',
          require: [
            { claim: 'org_id', is: '{org}' },
            { claim: ['access', 'roles'], has: ['admin', 'owner'] },
          ],
        },
        { match: 'GET /any/{path**}', upstream: 'behind', scope: 'none' },
        {
          match: '* /files/{path**}',
          upstream: 'behind',
          public: true,
          rewrite: '/v1/{path}',
          response_headers: { set: { 'Cache-Control': 'no-store' }, remove: ['Server'] },
        },
        { match: 'GET /plain/{path**}', upstream: 'behind', public: true },
        { match: 'GET /slow', upstream: 'behind', public: true, timeout: '150ms' },
      ],
    },
    ({ head, socket }) => {
      if (head.includes('/slow')) return;
      const location = /^x-location: (.*)\r$/im.exec(head)?.[1];
      socket.write(
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: s\r\ncache-control: public\r\n' +
          `${location === undefined ? '' : `Location: ${location.replace('TARGET', fixture.upstream.origin)}\r\n`}\r\nok`,
      );
    },
    { timeout: '20s', retries: 0 },
  );
});
afterAll(async () => {
  await fixture.close();
  await issuer.close();
});

interface Sent {
  readonly host?: string;
  readonly claims?: Claims;
  /** Further lines of the header. */
  readonly fields?: string;
}

async function ask(target: string, { host = 'api.test', claims, fields = '' }: Sent = {}) {
  const before = fixture.upstream.requests.length;
  const token = claims === undefined ? '' : `Authorization: Bearer ${issuer.sign(claims)}\r\n`;
  const { responses } = await fixture.talk(
    `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${token}${fields}Connection: close\r\n\r\n`,
  );
  const [response] = responses;
  const forwarded = fixture.upstream.requests.slice(before).map(({ head }) => head.split(' ')[1]);
  return { status: response?.status, code: response?.code, response, forwarded };
}

describe('scope: none', () => {
  it('needs a valid token, whatever its scopes', async () => {
    expect(await ask('/any')).toMatchObject({ status: 401, code: 215, forwarded: [] });
    expect(await ask('/any/a', { claims: { scope: undefined } })).toMatchObject({ status: 200 });
    expect(await ask('/any/', { claims: { scope: 'x' } })).toMatchObject({
      status: 200,
      forwarded: ['/any/'],
    });
    expect(await ask('/any', { claims: { exp: 1 } })).toMatchObject({ status: 401, code: 89, forwarded: [] });
  });
});

describe('require', () => {
  const access = { roles: ['reader', 'owner'] };

  it.each([
    ['/orgs/acme', { org_id: 'acme', access }, '/v1/acme'],
    ['/orgs/acme/', { org_id: 'acme', access }, '/v1/acme/'],
    ['/orgs/a%20b/x/y', { org_id: 'a b', access }, '/v1/a%20b/x/y'],
    ['/orgs/7/x', { org_id: 7, access }, '/v1/7/x'],
  ])('lets %s through with %j', async (path, claims, forwarded) => {
    expect(await ask(path, { claims })).toMatchObject({ status: 200, forwarded: [forwarded] });
  });

  it.each([
    ['/orgs/acme', { access }],
    ['/orgs/acme/x', { org_id: 'other-org', access }],
    ['/orgs/Acme/x', { org_id: 'acme', access }],
    ['/orgs/acme%20x/x', { org_id: 'acme', access }],
    ['/orgs/acme/x', { org_id: 'acme', access: { roles: ['reader'] } }],
    ['/orgs/acme/x', { org_id: 'acme', access: 'owner' }],
  ])('refuses %s with %j: 403 that names the claim and no value', async (path, claims) => {
    const { status, code, response, forwarded } = await ask(path, { claims });
    expect({ status, code, forwarded }).toEqual({ status: 403, code: 220, forwarded: [] });
    const text = JSON.stringify(response);
    expect(text).toContain('insufficient_scope');
    expect(text).toMatch(/claim (org_id|\[access, roles\]) does not satisfy/);
    expect(text).not.toMatch(/other-org|reader|owner|admin/);
  });

  it.each([
    ['/orgs/acme%20/x', 'acme'],
    ['/orgs/acme%20/x', 'acme '],
    ['/orgs/acme/..%20/other/x', 'acme'],
    ['/orgs/acme/%E2%80%A5/%E2%80%A5/other/x', 'acme'],
  ])(
    'has no route for %s with the claim %j: 404, since the upstream may read another value',
    async (path, org) => {
      expect(await ask(path, { claims: { org_id: org, access } })).toMatchObject({
        status: 404,
        code: 34,
        forwarded: [],
      });
    },
  );

  it('refuses before it, without a token or at another host', async () => {
    expect(await ask('/orgs/acme')).toMatchObject({ status: 401, forwarded: [] });
    expect(await ask('/orgs/acme', { host: 'other.test', claims: { org_id: 'acme', access } })).toMatchObject(
      {
        status: 404,
        forwarded: [],
      },
    );
  });
});

it("timeout: the route's own applies, not the upstream's", async () => {
  const before = performance.now();
  expect(await ask('/slow')).toMatchObject({ status: 504 });
  expect(performance.now() - before).toBeLessThan(10_000);
});

describe('A route that rewrites', () => {
  const heads = () => fixture.upstream.requests.map(({ head }) => head);

  it('sends the prefix that it removes, and nothing that a client sent as such', async () => {
    await ask('/files/a', { fields: 'X-Forwarded-Prefix: /evil\r\nX_Forwarded_Prefix: /evil\r\n' });
    expect(heads().at(-1)).toMatch(/^GET \/v1\/a /);
    expect(heads().at(-1)).toContain('\r\nX-Forwarded-Prefix: /files\r\n');
    expect(heads().at(-1)).not.toContain('evil');
    await ask('/plain/a');
    expect(heads().at(-1)?.toLowerCase()).not.toContain('prefix');
  });

  it.each([
    ['/v1/x', '/files/x'],
    ['TARGET/v1/x?q', '/files/x?q'],
    ['http://api.test/v1/x', 'http://api.test/files/x'],
    ['https://login.example/v1/x', 'https://login.example/v1/x'],
    ['//evil.test/v1/x', '//evil.test/v1/x'],
  ])('translates Location: %s to %s', async (sent, expected) => {
    const { response } = await ask('/files/a', { fields: `X-Location: ${sent}\r\n` });
    expect(response?.head).toContain(`\r\nLocation: ${expected}\r\n`);
  });

  it('changes the header of the response; another route does not', async () => {
    const { response } = await ask('/files/a');
    expect(response?.head).toMatch(/\r\nCache-Control: no-store\r\n/);
    expect(response?.head).not.toMatch(/server:|public/i);
    const plain = await ask('/plain/a', { fields: 'X-Location: TARGET/v1/x\r\n' });
    expect(plain.response?.head).toMatch(/\r\nServer: s\r\n/);
    expect(plain.response?.head).toContain(`\r\nLocation: ${fixture.upstream.origin}/v1/x\r\n`);
  });
});
