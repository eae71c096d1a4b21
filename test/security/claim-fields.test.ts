/** Fields that an upstream gets from claims come from a verified token only: a client's own never reach an upstream. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { talk } from '../support/dialogue.js';
import { respondOk } from '../support/fixture.js';
import { startGate, type TestGate } from '../support/gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startRawUpstream, type RawUpstream } from '../support/upstream.js';

let issuer: TestIssuer;
let upstream: RawUpstream;
let gate: TestGate;
let trusting: TestGate;

beforeAll(async () => {
  issuer = await createTestIssuer();
  upstream = await startRawUpstream((request) => {
    void request.whole.then(() => respondOk(request));
  });
  const set = {
    'X-User-Email': '{claims.email}',
    'X-Age': '{claims.https://a.example/age}',
    'X-Static': 'text',
  };
  const config = {
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    upstreams: { told: { targets: [upstream.origin], headers: { set } }, other: upstream.origin },
    routes: [
      { match: 'GET /scoped', upstream: 'told', scope: 'read' },
      { match: 'GET /public', upstream: 'told', public: true },
      { match: 'GET /other', upstream: 'other', scope: 'read' },
    ],
  };
  [gate, trusting] = await Promise.all([
    startGate(config),
    startGate({ ...config, trust_proxy: ['127.0.0.0/8'] }),
  ]);
});

afterAll(async () => {
  await Promise.all([gate.stop(), trusting.stop()]);
  await Promise.all([issuer.close(), upstream.close()]);
});

/** The header of the upstream's request, and the values in it of a field in any spelling. */
async function heard(path: string, fields: readonly string[], by = gate) {
  const before = upstream.requests.length;
  const bytes = [`GET ${path} HTTP/1.1`, 'Host: gate.test', ...fields, '', ''].join('\r\n');
  const { responses } = await talk(by.port, bytes);
  expect(responses[0]?.status).toBe(200);
  const [request, ...more] = upstream.requests.slice(before);
  expect(more).toEqual([]);
  const text = request!.head;
  const values = (name: RegExp) =>
    text
      .split('\r\n')
      .map((line) => line.split(': '))
      .filter(([each]) => name.test(each!))
      .map(([, value]) => value);
  return { text, email: values(/^x.user.email$/i), age: values(/^x.age$/i), fixed: values(/^x.static$/i) };
}

const bearer = (claims: object = {}) =>
  `Authorization: Bearer ${issuer.sign({ sub: 'app-7', scope: 'read', ...claims })}`;

const SPELLINGS = [
  'X-User-Email',
  'x-user-email',
  'X_User_Email',
  'X-USER_EMAIL',
  'x.user.email',
  'X-User~Email',
  'X_AGE',
  'x-age',
];

it('The upstream gets scalar claims of the verified token', async () => {
  const age = { 'https://a.example/age': 41 };
  expect(await heard('/scoped', [bearer({ email: 'jo@example.org', ...age })])).toMatchObject({
    email: ['jo@example.org'],
    age: ['41'],
    fixed: ['text'],
  });
  const partly = await heard('/scoped', [
    bearer({ email: ['jo@example.org'], 'https://a.example/age': null }),
  ]);
  expect(partly).toMatchObject({ email: [], age: [], fixed: ['text'] });
});

describe.each(SPELLINGS)('%s of a client', (name) => {
  const forged = [`${name}: forged`, 'X-Mine: kept', `${name}: forged again`];

  it('is replaced by the claim, and absent where the token has none', async () => {
    for (const by of [gate, trusting]) {
      const known = await heard('/scoped', [...forged, bearer({ email: 'jo@example.org' })], by);
      expect(known).toMatchObject({ email: ['jo@example.org'], age: [] });
      const without = await heard('/scoped', [...forged, bearer()], by);
      expect(without).toMatchObject({ email: [], age: [] });
      for (const { text } of [known, without]) {
        expect(text).not.toContain('forged');
        expect(text).toContain('X-Mine: kept');
      }
    }
  });

  it('reaches no upstream on a public route, nor one that gets no such field', async () => {
    for (const by of [gate, trusting]) {
      for (const path of ['/public', '/other']) {
        const { text, email, age } = await heard(path, [...forged, bearer({ email: 'jo@example.org' })], by);
        expect(text).not.toContain('forged');
        expect([email, age]).toEqual([[], []]);
      }
    }
  });
});

it('A WebSocket handshake has the claim too, and nothing of the client in its place', async () => {
  const handshake = [
    'Connection: Upgrade, X-User-Email',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'x_user_email: forged',
  ];
  const { text, email } = await heard('/scoped', [...handshake, bearer({ email: 'jo@example.org' })]);
  expect(text).toMatch(/^Upgrade: websocket$/im);
  expect(text).not.toContain('forged');
  expect(email).toEqual(['jo@example.org']);
});

it('A Connection field cannot remove it', async () => {
  const fields = ['Connection: X-User-Email, x-static', 'X-User-Email: forged'];
  const { email, fixed } = await heard('/scoped', [...fields, bearer({ email: 'jo@example.org' })]);
  expect([email, fixed]).toEqual([['jo@example.org'], ['text']]);
});

it('A claim cannot inject a line or a field; other characters are encoded', async () => {
  const injected = await heard('/scoped', [bearer({ email: 'jo\r\nX-App-Id: boss' })]);
  expect(injected.email).toEqual([]);
  expect(injected.text).not.toContain('boss');
  expect((await heard('/scoped', [bearer({ email: 'zo\u00eb@example.org' })])).email).toEqual([
    'zo%C3%AB@example.org',
  ]);
});
