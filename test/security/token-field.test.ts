/**
 * Requests without one valid token of sufficient scope: the exact response, and no request to the upstream.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTokenFixture, type TokenFixture } from '../support/token-fixture.js';
import { AUDIENCE } from '../support/tokens.js';

let fixture: TokenFixture;
let forwarded: number;

beforeAll(async () => {
  fixture = await startTokenFixture();
  // Loads its keys, so that the responses below depend on tokens only.
  const response = await fixture.show(good());
  expect(response.status).toBe(200);
  forwarded = fixture.upstream.requests.length;
});

afterAll(async () => {
  expect(fixture.upstream.requests.length).toBe(forwarded);
  await fixture.close();
});

const good = (claims = {}) => fixture.main.sign({ scope: 'orders:read', ...claims });
const CHALLENGE = 'Bearer realm="tollgate"';

describe('A request without a token', () => {
  it.each([[], ['Basic dXNlcjpwYXNz'], ['Digest a=b'], ['Bearerish abc'], ['']])(
    'gets a challenge without an error: %j',
    async (...authorization: string[]) => {
      const response = await fixture.ask(...authorization);
      expect([response.status, response.field('www-authenticate')]).toEqual([401, CHALLENGE]);
      expect(response.body).toBe(
        '{"errors":[{"code":215,"message":"You must specify a Bearer token in the Authorization header to access this resource"}]}',
      );
    },
  );

  it('cannot present one in the query, in the body or in a cookie', async () => {
    const token = good();
    const { responses } = await fixture.talk(
      `GET /orders?access_token=${token} HTTP/1.1\r\nHost: h\r\nCookie: access_token=${token}\r\nConnection: close\r\n\r\n`,
    );
    expect([responses[0]?.status, responses[0]?.code]).toEqual([401, 215]);
  });

  it('still has none if its Connection field names Authorization', async () => {
    const { responses } = await fixture.talk(
      'GET /orders HTTP/1.1\r\nHost: h\r\nConnection: close, authorization\r\n\r\n',
    );
    expect([responses[0]?.status, responses[0]?.code]).toEqual([401, 215]);
  });

  it('gets a challenge even as a preflight, if cors is not configured', async () => {
    const fields =
      'Origin: https://a.test\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization';
    const { responses } = await fixture.talk(
      `OPTIONS /orders HTTP/1.1\r\nHost: h\r\n${fields}\r\nConnection: close\r\n\r\n`,
    );
    expect(responses[0]?.status).toBe(405);
  });
});

describe('An Authorization that is not one Bearer token', () => {
  const description = 'The Authorization field is not one Bearer token';

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a,b',
    'Bearer "a"',
    'Bearer =',
    'Bearer\ta',
    'bearer a;b',
    'Bearer:a',
  ])('is malformed: %j', async (authorization) => {
    const response = await fixture.ask(authorization);
    expect([response.status, response.code]).toEqual([400, 214]);
    expect(response.field('www-authenticate')).toBe(
      `${CHALLENGE}, error="invalid_request", error_description="${description}"`,
    );
  });

  it('is malformed if there are two fields, even if both are valid and equal', async () => {
    const token = `Bearer ${good()}`;
    for (const pair of [
      [token, token],
      ['Basic dXNlcjpwYXNz', token],
      [token, ''],
    ]) {
      const response = await fixture.ask(...pair);
      expect([response.status, response.code]).toEqual([400, 214]);
      expect(response.field('www-authenticate')).toMatch(
        /^Bearer realm="tollgate", error="invalid_request", /,
      );
    }
  });
});

describe('A valid token', () => {
  it.each([
    'orders:readx',
    'orders',
    'order:*',
    'orders:write',
    'ORDERS:READ',
    'orders:*:x',
    'orders:re*',
    '',
    ['orders:read other'],
  ])('without the scope is 403, which names the missing scope: %j', async (scope) => {
    const response = await fixture.show(fixture.main.sign({ scope }));
    expect([response.status, response.code]).toEqual([403, 220]);
    expect(response.field('www-authenticate')).toMatch(
      /^Bearer realm="tollgate", error="insufficient_scope", (error_description="[^"]+", )?scope="orders:read"$/,
    );
  });

  it('of an issuer that the route does not accept is refused, cached or not', async () => {
    const others = async () => {
      const bytes = `GET /others HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${good()}\r\nConnection: close\r\n\r\n`;
      return (await fixture.talk(bytes)).responses[0]!;
    };
    const refused = { status: 401, code: 89 };
    expect(await others()).toMatchObject(refused);
    await fixture.show(good());
    forwarded += 1;
    expect(await others()).toMatchObject(refused);
  });

  it('has only scopes that its issuer may grant', async () => {
    expect((await fixture.show(fixture.other.sign({ scope: '*' }))).status).toBe(200);
    forwarded += 1;
    expect((await fixture.show(fixture.other.sign({ scope: 'storage:*' }))).status).toBe(403);
  });

  it.each([AUDIENCE, [AUDIENCE], ['https://elsewhere.test', AUDIENCE]])(
    'is accepted with the audience %j',
    async (aud) => {
      expect((await fixture.show(good({ aud }))).status).toBe(200);
      forwarded += 1;
    },
  );
});

describe('Oversized headers', () => {
  it('are 431 over 16 KiB, with any token in them', async () => {
    const response = await fixture.ask(`Bearer ${good({ filler: 'x'.repeat(16_384) })}`);
    expect([response.status, response.code]).toEqual([431, 431]);
  });
});
