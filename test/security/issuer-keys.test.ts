/** Unavailable issuers and unknown key ids: valid tokens are accepted, and the issuer gets few fetches. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startFixture, type Fixture } from '../support/fixture.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';

let fixture: Fixture;
let main: TestIssuer;
let away: TestIssuer;

beforeAll(async () => {
  [main, away] = await Promise.all([createTestIssuer(), createTestIssuer()]);
  away.breakWith(500);
  const issuerOf = ({ iss, jwksUrl }: TestIssuer) => ({
    issuer: iss,
    jwks: jwksUrl,
    audience: AUDIENCE,
    grants: ['*'],
  });
  fixture = await startFixture({
    issuers: { main: issuerOf(main), away: issuerOf(away) },
    routes: [{ match: 'GET /orders', upstream: 'behind', scope: 'orders:read' }],
  });
});

afterAll(async () => {
  await fixture.close();
  await Promise.all([main.close(), away.close()]);
});

const request = (token: string, connection = 'close') =>
  `GET /orders HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${token}\r\nConnection: ${connection}\r\n\r\n`;

async function show(token: string) {
  const { responses, text } = await fixture.talk(request(token));
  return responses[0] ?? expect.unreachable(text);
}

describe('Keys that were never loaded', () => {
  it('refuse every token of that issuer with 503, Retry-After, and no challenge', async () => {
    for (const token of [
      away.sign({ scope: 'orders:read' }),
      away.sign({ scope: 'orders:read' }, { kid: 'x' }),
    ]) {
      const answer = await show(token);
      expect([answer.status, answer.code]).toEqual([503, 503]);
      expect(answer.field('retry-after')).toMatch(/^[1-9][0-9]?$/);
      expect(answer.field('www-authenticate')).toBeUndefined();
    }
    expect(fixture.upstream.requests).toHaveLength(0);
  });

  it('do not affect the tokens of other issuers', async () => {
    expect((await show(main.sign({ scope: 'orders:read' }))).status).toBe(200);
  });

  it.each([
    ['HTML', '<html></html>'],
    ['null', 'null'],
    ['a list', '[]'],
    ['an empty text', ''],
  ])('are not read from %s', async (_, text) => {
    away.breakWith((__, response) => void response.end(text));
    expect((await show(away.sign({ scope: 'orders:read' }))).status).toBe(503);
  });

  it('are not fetched through a redirect', async () => {
    const before = main.fetches;
    away.breakWith((_, response) => void response.writeHead(302, { location: main.jwksUrl }).end());
    expect((await show(away.sign({ scope: 'orders:read' }))).status).toBe(503);
    expect(main.fetches - before).toBeLessThanOrEqual(2);
  });
});

describe('Tokens with a new key id each time', () => {
  const FLOOD_MS = 1000;

  it('cause at most one fetch in 30 s, while valid tokens are accepted', async () => {
    const good = main.sign({ scope: 'orders:read' });
    const before = main.fetches;
    let sent = 0;
    const deadline = Date.now() + FLOOD_MS;
    const refused: number[] = [];
    const passed: number[] = [];
    while (Date.now() < deadline) {
      const [header, payload, signature] = good.split('.') as [string, string, string];
      const flood = Array.from({ length: 100 }, () => {
        const text = Buffer.from(header, 'base64url').toString();
        const forged = text.replace(/"kid":"[^"]*"/, `"kid":"stranger-${String(sent++)}"`);
        return request(`${Buffer.from(forged).toString('base64url')}.${payload}.${signature}`, 'keep-alive');
      });
      const bytes = [...flood, request(good)].join('');
      const { responses } = await fixture.talk(bytes, { responses: 101 });
      for (const { status } of responses.slice(0, -1)) refused.push(status);
      passed.push(responses.at(-1)?.status ?? 0);
    }
    expect(sent).toBeGreaterThan(200);
    expect(new Set(refused)).toEqual(new Set([401]));
    expect(refused).toHaveLength(sent);
    expect(new Set(passed)).toEqual(new Set([200]));
    expect(main.fetches - before).toBeLessThanOrEqual(1);
  });
});

describe('Keys that were loaded before', () => {
  it('stay in use when they are stale and their issuer is unavailable or hangs', async () => {
    const issuer = await createTestIssuer();
    const { iss, jwksUrl } = issuer;
    const aged = await startFixture({
      jwks_max_age: '1s',
      issuers: { issuer: { issuer: iss, jwks: jwksUrl, audience: AUDIENCE } },
      routes: [{ match: 'GET /orders', upstream: 'behind', scope: 'orders:read' }],
    });
    const status = async (jti: string) => {
      const { responses } = await aged.talk(request(issuer.sign({ scope: 'orders:read', jti })));
      return responses[0]?.status;
    };
    expect(await status('before')).toBe(200);
    for (const fault of [() => issuer.breakWith(500), () => issuer.hang()]) {
      fault();
      const { fetches } = issuer;
      await vi.waitFor(() => expect(issuer.fetches).toBeGreaterThan(fetches), { timeout: 5000 });
      expect(await status(`after ${fetches}`)).toBe(200);
    }
    await aged.close();
    await issuer.close();
  });
});
