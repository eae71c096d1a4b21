import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NamedToken } from '../../src/tokens/registry/registry.js';
import { claimsOf, read, startTokenService, type TestService } from './support.js';

const PATH = '/token/create';
let service: TestService;
let app: Awaited<ReturnType<TestService['createApp']>>;
const stored: NamedToken[] = [];

beforeAll(async () => {
  service = await startTokenService({
    registry: (real) => ({
      ...real,
      async addNamedToken(token) {
        stored.push(token);
        await real.addNamedToken(token);
      },
    }),
  });
  service.clock.nowMs = Date.UTC(2030, 4, 17, 12, 0, 30);
  app = await service.createApp({ scopes: ['scope_api'] });
});
afterAll(() => service.close());

type Field = readonly [name: string, value: string | Blob];

const basics = (): Field[] => [
  ['secret', app.secret],
  ['name', 'nightly'],
  ['description', 'The nightly job'],
];

function multipart(fields: readonly Field[], headers = {}): Promise<Response> {
  const body = new FormData();
  for (const [name, value] of fields) body.append(name, value);
  return service.fetch(PATH, { method: 'POST', body, headers });
}

describe('POST /token/create', () => {
  it('returns the bare token as text for a multipart form', async () => {
    const response = await multipart([...basics(), ['permission', 'scope_api']]);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const claims = claimsOf(await response.text());
    expect(claims).toEqual({
      iss: `${service.url}/named`,
      aud: 'nightly',
      sub: 'The nightly job',
      iat: Math.floor(service.clock.nowMs / 1000),
      jti: expect.any(String),
      version: 1,
      permissions: [1],
      client_id: app.key,
      scope: ['scope_api'],
    });
    expect(claims['jti']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(stored.at(-1)).toMatchObject({ jti: claims['jti'], clientId: app.key, endsAtMs: undefined });
  });

  it('also accepts a urlencoded form', async () => {
    const form = new URLSearchParams(basics() as [string, string][]);
    const response = await service.fetch(PATH, { method: 'POST', body: form });
    expect(decodeJwt(await response.text()).aud).toBe('nightly');
  });

  it.each([
    ['application/json', true],
    ['text/plain;q=0.5, application/json', true],
    ['application/json;q=0.2, text/plain', false],
    ['application/json;q=0', false],
    ['text/html, */*', false],
  ])('responds to Accept: %s with JSON: %s', async (accept, isJson) => {
    const response = await multipart(basics(), { accept });
    expect(response.headers.get('content-type')!.startsWith('application/json')).toBe(isJson);
    const text = await response.text();
    expect(decodeJwt(isJson ? (JSON.parse(text) as { token: string }).token : text).aud).toBe('nightly');
  });

  it('writes both dates into the token, as UTC', async () => {
    const response = await multipart([
      ...basics(),
      ['not_before_date', '2030-06-01T00:00'],
      ['expiration_date', '2032-02-29T23:59'],
    ]);
    const claims = decodeJwt(await response.text());
    expect(claims.nbf).toBe(Date.UTC(2030, 5, 1) / 1000);
    expect(claims.exp).toBe(Date.UTC(2032, 1, 29, 23, 59) / 1000);
    expect(stored.at(-1)?.endsAtMs).toBe(claims.exp! * 1000);
  });

  it('accepts the current minute as a start', async () => {
    const response = await multipart([...basics(), ['not_before_date', '2030-05-17T12:00']]);
    expect(response.status).toBe(200);
  });

  it('treats empty fields, as browsers send them, as missing', async () => {
    const response = await multipart([...basics(), ['expiration_date', ''], ['permission', '']]);
    expect(decodeJwt(await response.text())).not.toHaveProperty('exp');
  });

  it('counts a repeated permission once', async () => {
    const twice: Field[] = [
      ['permission', 'scope_api'],
      ['permission', 'scope_api'],
    ];
    const response = await multipart([...basics(), ...twice]);
    expect(decodeJwt(await response.text())).toMatchObject({ permissions: [1], scope: ['scope_api'] });
  });

  it('keeps names and descriptions that are not ASCII', async () => {
    const response = await multipart([
      ['secret', app.secret],
      ['name', 'nächtlich'],
      ['description', '毎晩'],
    ]);
    expect(claimsOf(await response.text())).toMatchObject({ aud: 'nächtlich', sub: '毎晩' });
  });

  it.each<[string, Field[], string]>([
    ['a date of another form', [['expiration_date', '2031-01-01']], 'invalid_request'],
    ['a date with seconds', [['expiration_date', '2031-01-01T00:00:00']], 'invalid_request'],
    ['the 30th of February', [['expiration_date', '2031-02-30T00:00']], 'invalid_request'],
    ['the 29th of February of no leap year', [['expiration_date', '2031-02-29T00:00']], 'invalid_request'],
    ['a 13th month', [['not_before_date', '2031-13-01T00:00']], 'invalid_request'],
    ['the hour 24', [['not_before_date', '2031-01-01T24:00']], 'invalid_request'],
    ['a 61st minute', [['not_before_date', '2031-01-01T00:60']], 'invalid_request'],
    ['an end in the past', [['expiration_date', '2030-05-17T12:00']], 'invalid_request'],
    ['a start in the past', [['not_before_date', '2030-05-17T11:59']], 'invalid_request'],
    [
      'an end before the start',
      [
        ['not_before_date', '2031-01-02T00:00'],
        ['expiration_date', '2031-01-01T00:00'],
      ],
      'invalid_request',
    ],
    [
      'an end at the start',
      [
        ['not_before_date', '2031-01-01T00:00'],
        ['expiration_date', '2031-01-01T00:00'],
      ],
      'invalid_request',
    ],
    [
      'a date that is given twice',
      [
        ['expiration_date', '2031-01-01T00:00'],
        ['expiration_date', '2031-01-01T00:00'],
      ],
      'invalid_request',
    ],
    ['an unknown permission', [['permission', 'root']], 'invalid_scope'],
    ['a permission that an object has by itself', [['permission', 'constructor']], 'invalid_scope'],
    ['a permission that the app does not have', [['permission', 'service_api']], 'invalid_scope'],
    ['a name twice', [['name', 'other']], 'invalid_request'],
    ['a file', [['extra', new Blob(['x'])]], 'invalid_request'],
    ['a field with a NUL', [['extra', 'a\0b']], 'invalid_request'],
    ['a field of 8 KiB', [['extra', 'x'.repeat(8192)]], 'invalid_request'],
  ])('refuses %s and stores nothing', async (_, fields, error) => {
    const before = stored.length;
    expect(await read(multipart([...basics(), ...fields]))).toMatchObject([400, { error }]);
    expect(stored).toHaveLength(before);
  });

  it.each(['secret', 'name', 'description'])('refuses a form without %s', async (missing) => {
    const fields = basics().filter(([name]) => name !== missing);
    expect(await read(multipart(fields))).toMatchObject([400, { error: 'invalid_request' }]);
  });

  it.each<[string, Field]>([
    ['a name that is too long', ['name', 'x'.repeat(201)]],
    ['a description that is too long', ['description', 'x'.repeat(501)]],
    ['a line break in the name', ['name', 'a\nb']],
  ])('refuses %s', async (_, [name, value]) => {
    const fields = basics().map((field): Field => (field[0] === name ? [name, value] : field));
    expect(await read(multipart(fields))).toMatchObject([400, { error: 'invalid_request' }]);
  });

  it('refuses a wrong secret with 401 and stores nothing', async () => {
    const before = stored.length;
    const fields = basics().map((field): Field => (field[0] === 'secret' ? ['secret', 'wrong'] : field));
    expect(await read(multipart(fields))).toMatchObject([401, { error: 'invalid_client' }]);
    expect(stored).toHaveLength(before);
  });

  it('never treats a name or a description as an audience or an app of the issuer', async () => {
    const victim = await service.createApp();
    const response = await multipart([
      ['secret', app.secret],
      ['name', 'https://developers.token-project.test'],
      ['description', victim.key],
    ]);
    const claims = claimsOf(await response.text());
    expect(claims).toMatchObject({ sub: victim.key, client_id: app.key, iss: `${service.url}/named` });
    // Introspection, which knows the owner of a token, does not attribute it to the victim either.
    const token = await (await multipart(basics())).text();
    const asked = { token, client_id: victim.key, client_secret: victim.secret };
    expect(await read(service.post('/introspect', asked))).toEqual([200, { active: false }]);
  });
});

describe('a multipart form', () => {
  const send = (contentType: string, body: string) =>
    read(service.fetch(PATH, { method: 'POST', body, headers: { 'content-type': contentType } }));
  const TYPE = 'multipart/form-data; boundary=b';
  const part = (name: string, value: string, extra = '') =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n${extra}\r\n${value}\r\n`;

  it.each([
    ['without a boundary', 'multipart/form-data', 'x'],
    ['that ends too early', TYPE, part('name', 'x')],
    ['with a malformed part header', TYPE, '--b\r\n\x01: x\r\n\r\nx\r\n--b--\r\n'],
    ['with a part without a name', TYPE, '--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n'],
    ['with 1,000 parts', TYPE, `${part('a', '').repeat(1000)}--b--\r\n`],
    [
      'with a value that its charset does not know',
      TYPE,
      `${part('name', '\u00ff', 'Content-Type: text/plain; charset=klingon\r\n')}--b--\r\n`,
    ],
  ])('%s is malformed', async (_, type, body) => {
    expect(await send(type, body)).toMatchObject([400, { error: 'invalid_request' }]);
  });

  it('of 10 MB is too large', async () => {
    const fields = basics();
    fields.push(['extra', 'x'.repeat(10 * 1024 * 1024)]);
    expect(await read(multipart(fields))).toMatchObject([413, { error: 'invalid_request' }]);
  });

  it('is the only other type that is accepted', async () => {
    expect(await send('text/plain', 'secret=x')).toMatchObject([415, { error: 'invalid_request' }]);
    expect(await send('multipart/mixed; boundary=b', 'x')).toMatchObject([415, {}]);
    expect(await send('application/json', '{}')).toMatchObject([415, {}]);
  });
});
