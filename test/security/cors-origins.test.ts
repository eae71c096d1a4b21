/** Origins that look like an allowed one get no permission, with credentials least of all. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startFixture, type Fixture } from '../support/fixture.js';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture({
    cors: {
      origins: ['https://*.example.com', 'http://*.local.example:3000', 'https://partner.example'],
      credentials: true,
    },
    routes: [{ match: 'GET,PUT /a', upstream: 'behind', public: true, limit: 'none' }],
  });
});

afterAll(() => fixture.close());

async function fieldsFor(lines: readonly string[], method = 'GET'): Promise<string[]> {
  const bytes = [`${method} /a HTTP/1.1`, 'Host: gate.test', ...lines, '', ''].join('\r\n');
  const { responses } = await fixture.talk(bytes);
  const [response] = responses;
  expect(response?.status).toBe(method === 'OPTIONS' ? 204 : 200);
  return ['access-control-allow-origin', 'access-control-allow-credentials', 'vary'].map(
    (name) => response?.field(name) ?? '',
  );
}

it.each([
  'https://a.example.com',
  'https://b.a.example.com',
  'https://xn--4ca.example.com',
  'https://a_b-c.example.com',
  'http://a.local.example:3000',
  'https://partner.example',
])('%s is allowed, by its own name', async (origin) => {
  expect(await fieldsFor([`Origin: ${origin}`])).toEqual([origin, 'true', 'Origin']);
});

const LOOK_ALIKES = [
  'https://example.com',
  'https://evil-example.com',
  'https://evilexample.com',
  'https://a.evil-example.com',
  'https://example.com.evil.com',
  'https://a.example.com.evil.com',
  'https://a.example.com:444',
  'https://a.example.com:443',
  'https://a.example.com:',
  'http://a.example.com',
  'https://a.example.com.',
  'https://.example.com',
  'https://..example.com',
  'https://a..example.com',
  'https://-.evil.com/.example.com',
  'https://evil.com#.example.com',
  'https://evil.com?.example.com',
  'https://evil.com:80/a.example.com',
  'https://evil.com\\.example.com',
  'https://evil.com%2f.example.com',
  'https://evil@a.example.com',
  'https://evil.com:80.example.com',
  'https://*.example.com',
  'https://a.example.com https://b.example.com',
  'https://a.example.com, https://b.example.com',
  'https://\xe4.example.com',
  'https:/a.example.com',
  '//a.example.com',
  'a.example.com',
  '*.example.com',
  'http://a.local.example',
  'http://a.local.example:30000',
  'http://a.local.example:3000:3000',
  'https://a.local.example:3000',
  'https://a.partner.example',
  'https://partner.example.evil.com',
  'null',
  '*',
  '',
];

it.each(LOOK_ALIKES)('%j is not allowed, and gets no part of a permission', async (origin) => {
  expect(await fieldsFor([`Origin: ${origin}`])).toEqual(['', '', 'Origin']);
  expect(await fieldsFor([`Origin: ${origin}`, 'Access-Control-Request-Method: PUT'], 'OPTIONS')).toEqual([
    '',
    '',
    'Origin',
  ]);
});

it('Two Origin fields are not allowed, in either order', async () => {
  const good = 'Origin: https://a.example.com';
  for (const lines of [
    [good, 'Origin: https://evil.com'],
    ['Origin: https://evil.com', good],
    [good, good],
  ])
    expect(await fieldsFor(lines)).toEqual(['', '', 'Origin']);
});

it('A preflight for the method "*" permits no method', async () => {
  const lines = ['Origin: https://a.example.com', 'Access-Control-Request-Method: *'];
  const bytes = ['OPTIONS /a HTTP/1.1', 'Host: gate.test', ...lines, '', ''].join('\r\n');
  const [response] = (await fixture.talk(bytes)).responses;
  expect(response?.field('access-control-allow-methods')).toBeUndefined();
});
