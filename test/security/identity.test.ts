/**
 * Identity cannot be forged: the upstream gets the caller's identity only from the gateway, also on public
 * routes.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFixture, type Fixture } from '../support/fixture.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';

let issuer: TestIssuer;
let strange: Fixture;
let trusting: Fixture;

beforeAll(async () => {
  issuer = await createTestIssuer();
  const config = {
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    routes: [
      { match: 'GET /public', upstream: 'behind', public: true },
      { match: 'GET /scoped', upstream: 'behind', scope: 'read' },
    ],
  };
  [strange, trusting] = await Promise.all([
    startFixture(config),
    startFixture({ ...config, trust_proxy: ['127.0.0.0/8'] }),
  ]);
});

afterAll(async () => {
  await Promise.all([strange.close(), trusting.close()]);
  await issuer.close();
});

/** The fields that the upstream got: their names as sent, and all values of each name in lower case. */
async function heard(path: string, fields: readonly string[], fixture = strange) {
  const before = fixture.upstream.requests.length;
  const bytes = [`GET ${path} HTTP/1.1`, 'Host: gate.test', ...fields, '', ''].join('\r\n');
  const { responses } = await fixture.talk(bytes);
  expect(responses[0]?.status).toBe(200);
  const requests = fixture.upstream.requests.slice(before);
  expect(requests).toHaveLength(1);
  const pairs = requests[0]!.head
    .split('\r\n')
    .slice(1)
    .map((line) => /^([^:]*): ?(.*)$/.exec(line)!.slice(1, 3) as [string, string]);
  return {
    answer: responses[0]!,
    text: requests[0]!.head,
    values: (name: string) => pairs.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value),
  };
}

it('An upstream gets forwarding fields only from a trusted proxy, with the gateway added to Forwarded', async () => {
  const fields = [
    'X-Forwarded-Port: 8443',
    'X-Forwarded-Prefix: /shop',
    'X-Real-IP: 192.0.2.7',
    'Forwarded: for="[2001:db8::1]";proto=https',
  ];
  const names = ['x-forwarded-port', 'x-forwarded-prefix', 'x-real-ip', 'forwarded'];
  const believed = await heard('/public', fields, trusting);
  expect(names.map(believed.values)).toEqual([
    ['8443'],
    ['/shop'],
    ['192.0.2.7'],
    ['for="[2001:db8::1]";proto=https, for=127.0.0.1;host=gate.test;proto=http'],
  ]);
  expect(believed.values('x-forwarded-for')).toEqual(['192.0.2.7, 127.0.0.1']);
  const removed = await heard('/public', fields);
  expect(names.map(removed.values)).toEqual([[], [], [], []]);
});

const claims = { sub: 'app-7', scope: 'read', app_name: 'Till', organization: 'Shop' };
const bearer = () => `Authorization: Bearer ${issuer.sign(claims)}`;

const NAMES = [
  'X-App-Id',
  'X-App-Name',
  'X-App-Organization',
  'X-App-Anything',
  'X-Token-Subject',
  'X-Token-Issuer',
  'X-Token-Scopes',
  'X-Token-Anything',
];
const SPELLINGS = (name: string) => [
  name,
  name.toLowerCase(),
  name.toUpperCase(),
  name.replaceAll('-', '_'),
  name.toLowerCase().replaceAll('-', '_'),
  name.replace('-', '_'),
  name.replaceAll('-', '.'),
  name.replace(/-(?=[^-]*$)/, '~'),
];

const TRUTH = {
  'x-app-id': ['app-7'],
  'x-app-name': ['Till'],
  'x-app-organization': ['Shop'],
  'x-token-subject': ['app-7'],
  'x-token-issuer': ['main'],
  'x-token-scopes': ['read'],
};

describe('An identity field', () => {
  it.each(NAMES)('%s never arrives from a caller, in any spelling, once or twice', async (name) => {
    for (const spelling of SPELLINGS(name)) {
      const fields = [`${spelling}: forged`, 'X-Mine: kept', `${spelling}: forged again`];
      for (const fixture of [strange, trusting]) {
        const anonymous = await heard('/public', fields, fixture);
        expect(anonymous.text).not.toContain('forged');
        expect(anonymous.text).not.toMatch(/^x.(app|token)./im);
        expect(anonymous.values('x-mine')).toEqual(['kept']);
        const known = await heard('/scoped', [...fields, bearer()], fixture);
        expect(known.text).not.toContain('forged');
        for (const [each, values] of Object.entries(TRUTH)) expect(known.values(each)).toEqual(values);
      }
    }
  });

  it.each(Object.keys(TRUTH))('%s of the gateway cannot be removed by a Connection field', async (name) => {
    for (const connection of [name, `close, ${name}`, `${name.toUpperCase()} , x`, `keep-alive,,${name}`]) {
      const known = await heard('/scoped', [`Connection: ${connection}`, `${name}: forged`, bearer()]);
      expect(known.values(name)).toEqual(TRUTH[name as keyof typeof TRUTH]);
    }
  });

  it('is not set on a public route from an unverified token', async () => {
    const { text } = await heard('/public', [bearer()]);
    expect(text).not.toMatch(/^x-(app|token)-/im);
  });

  it('cannot inject a line or a field', async () => {
    const token = issuer.sign({ ...claims, app_name: 'a\r\nX-App-Id: boss', organization: 'Caf\u00e9 100%' });
    const { text, values } = await heard('/scoped', [`Authorization: Bearer ${token}`]);
    expect(values('x-app-id')).toEqual(['app-7']);
    expect(values('x-app-name')).toEqual(['a%0D%0AX-App-Id:%20boss']);
    expect(values('x-app-organization')).toEqual(['Caf%C3%A9%20100%25']);
    expect(text).not.toMatch(/^X-App-Id: boss/im);
  });
});

describe('A Connection field', () => {
  it.each(['host', 'authorization', 'content-length', 'x-forwarded-for', 'x-forwarded-host', 'x-request-id'])(
    'cannot remove %s',
    async (name) => {
      const { values } = await heard('/scoped', [`Connection: ${name}`, bearer()]);
      if (name !== 'content-length') expect(values(name)).toHaveLength(1);
    },
  );

  it('removes the fields that it names, and is not forwarded', async () => {
    const fields = [
      'Connection: X-Hop',
      'X-Hop: 1',
      'Keep-Alive: 5',
      'Proxy-Connection: x',
      'TE: trailers',
      'Proxy-Authorization: Basic x',
    ];
    const { text, values } = await heard('/public', fields);
    expect(text).not.toMatch(/x-hop|^te:|proxy-|keep-alive: 5/im);
    expect(values('connection').join()).not.toContain('X-Hop');
  });
});

const FORWARDED = [
  'X-Forwarded-For: 203.0.113.9',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: believed.test',
  'X-Request-Id: believed-1',
];

describe('The origin of a request', () => {
  it('is not taken from an untrusted client', async () => {
    const forged = [
      ...FORWARDED,
      'X-Real-IP: 203.0.113.9',
      'Forwarded: for=203.0.113.9',
      'X-Forwarded-Port: 1',
      'x_forwarded_for: 203.0.113.9',
    ];
    const { answer: response, text, values } = await heard('/public', forged);
    expect(text).not.toMatch(/203\.0\.113\.9|believed/);
    expect(values('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(values('x-forwarded-proto')).toEqual(['http']);
    expect(values('x-forwarded-host')).toEqual(['gate.test']);
    expect(values('x-forwarded-port')).toEqual([]);
    expect(response.field('x-request-id')).toBe(values('x-request-id')[0]);
    expect(strange.gate.records.at(-1)?.head).toMatchObject({
      clientIp: '127.0.0.1',
      clientRequestId: 'believed-1',
    });
  });

  it('is taken from a trusted proxy', async () => {
    const { answer: response, values } = await heard('/public', FORWARDED, trusting);
    expect(values('x-forwarded-for')).toEqual(['203.0.113.9, 127.0.0.1']);
    expect(values('x-forwarded-proto')).toEqual(['https']);
    expect(values('x-forwarded-host')).toEqual(['believed.test']);
    expect([values('x-request-id'), response.field('x-request-id')]).toEqual([['believed-1'], 'believed-1']);
    expect(trusting.gate.records.at(-1)?.head.clientIp).toBe('203.0.113.9');
  });

  it('is, behind a trusted proxy, the last untrusted address of the chain, not the first', async () => {
    await heard('/public', ['X-Forwarded-For: 198.51.100.1, 203.0.113.9, 127.0.0.2'], trusting);
    expect(trusting.gate.records.at(-1)?.head.clientIp).toBe('203.0.113.9');
    await heard('/public', ['X-Forwarded-For: 198.51.100.1', 'X-Forwarded-For: 203.0.113.9'], trusting);
    expect(trusting.gate.records.at(-1)?.head.clientIp).toBe('203.0.113.9');
    await heard('/public', ['X-Forwarded-For: 198.51.100.1, nonsense'], trusting);
    expect(trusting.gate.records.at(-1)?.head.clientIp).toBe('127.0.0.1');
  });

  it.each(['a b', 'x'.repeat(129), 'a"b', 'a,b', 'a;b', '\xe9'])(
    'has no request id of %j, even from a trusted proxy',
    async (id) => {
      const { answer: response, values } = await heard('/public', [`X-Request-Id: ${id}`], trusting);
      expect(values('x-request-id')).toEqual([response.field('x-request-id')]);
      expect(response.field('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    },
  );
});
