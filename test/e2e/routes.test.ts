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
        { match: 'GET /slow', upstream: 'behind', public: true, timeout: '150ms' },
      ],
    },
    ({ head, socket }) => {
      if (!head.includes('/slow')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    },
    { timeout: '20s', retries: 0 },
  );
});
afterAll(async () => {
  await fixture.close();
  await issuer.close();
});

async function ask(target: string, { host = 'api.test', claims }: { host?: string; claims?: Claims } = {}) {
  const before = fixture.upstream.requests.length;
  const token = claims === undefined ? '' : `Authorization: Bearer ${issuer.sign(claims)}\r\n`;
  const { responses } = await fixture.talk(
    `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${token}Connection: close\r\n\r\n`,
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
    ['/orgs/acme%20/x', { org_id: 'acme', access }],
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
