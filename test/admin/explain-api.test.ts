/** `POST /api/explain`: who may ask, what a question may be, and that it must be about the file that the gateway runs. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type Serving } from '../../src/app/serve.js';
import { loadConfig } from '../../src/config/config.js';
import type { Explanation } from '../../src/model/explanation.js';
import { ADMIN_TOKEN } from '../support/gate.js';

let folder: string;
let file: string;
let logFile: string;
let gate: Serving;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-explain-api-'));
  file = join(folder, 'gateway.yaml');
  logFile = join(folder, 'gateway.log');
  await writeFile(file, configOf());
  const load = async () => (await loadConfig(file, {})).settings;
  gate = await serve({ started: await load(), load, env: { TOLLGATE_ADMIN_TOKEN: ADMIN_TOKEN } });
  url = `http://127.0.0.1:${gate.adminAddress.port}/api/explain`;
});

afterAll(async () => {
  await gate.stop();
  await rm(folder, { recursive: true });
});

const configOf = (comment = ''): string => `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
jwks_cache: false
drain_timeout: 1s
log: {level: debug, file: ${logFile}, paths: true}
issuers:
  main: {issuer: https://id.test, audience: api, algorithms: [RS256], jwks: https://127.0.0.1:9/jwks}
upstreams:
  service: http://127.0.0.1:9
routes:
  - {match: GET /public, upstream: service, public: true}
  - {match: GET /orders, upstream: service, scope: orders:read}${comment}
`;

const QUESTION = { method: 'GET', target: '/public', host: 'api.test' };

function ask(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

async function explained(body: object): Promise<Explanation> {
  const response = await ask(body);
  expect(response.status).toBe(200);
  return (await response.json()) as Explanation;
}

async function errorOf(body: unknown): Promise<readonly [status: number, message: string | undefined]> {
  const response = await ask(body);
  const { errors = [] } = (await response.json()) as { errors?: { message: string }[] };
  return [response.status, errors[0]?.message];
}

describe('a question', () => {
  it('gets what the gateway would do', async () => {
    expect(await explained(QUESTION)).toMatchObject({
      verdict: 'forward',
      status: 200,
      route: 'GET /public',
      reason: null,
    });
    expect(await explained({ ...QUESTION, target: '/orders' })).toMatchObject({
      verdict: 'refuse',
      status: 401,
      route: 'GET /orders',
      reason: 'no_token',
    });
    const assumed = { scopes: ['orders:read'], app: 'app-1', claims: { team: 'a' }, issuer: 'main' };
    const whole = { ip: '192.0.2.7', headers: [['X-Field', 'a value']], assumed };
    expect(await explained({ ...QUESTION, ...whole, target: '/orders' })).toMatchObject({
      verdict: 'forward',
      request: { client_ip: '192.0.2.7' },
    });
  });

  it.each([
    ['a target with a space', { target: '/public b' }],
    ['a target that ends the request line', { target: '/public HTTP/1.1' }],
    ['a method with a space', { method: 'GET /public' }],
    ['a method that would be a whole request line', { method: 'GET /public HTTP/1.1' }],
  ])('with %s is explained as the parser refuses it', async (_what, more) => {
    expect(await explained({ ...QUESTION, ...more })).toMatchObject({
      ...{ verdict: 'refuse', status: 400, reason: 'malformed_request', route: null },
    });
  });

  it('leaves no trace: it is neither recorded nor counted as a refusal', async () => {
    await explained({ ...QUESTION, target: '/orders' });
    expect(gate.refusals.list({ limit: 1 })).toEqual([]);
  });

  it('needs the credential, before its body is read', async () => {
    for (const authorization of ['', 'Bearer wrong']) {
      expect((await ask('{', { authorization })).status).toBe(401);
    }
  });

  const SECRET = 'canary-of-the-token';
  it.each([
    ['no method', { target: '/' }, '"method" must be a method such as GET'],
    ['a method with a line break', { ...QUESTION, method: 'GET\r\nX: y' }, '"method" must be a method'],
    ['a method that is no text', { ...QUESTION, method: 7 }, '"method" must be a method'],
    ['an empty method', { ...QUESTION, method: '' }, '"method" must be a method'],
    ['no target', { method: 'GET' }, '"target" must be a target such as'],
    ['a target with a line break', { ...QUESTION, target: '/a\r\nX: y' }, '"target" must be a target'],
    ['a target beyond Latin-1', { ...QUESTION, target: '/\u0100' }, '"target" must be a target'],
    ['a host with a line break', { ...QUESTION, host: 'a\nb' }, '"host" must be the value of a Host field'],
    ['headers as an object', { ...QUESTION, headers: { a: 'b' } }, '"headers" must be a list of pairs'],
    ['a header of three', { ...QUESTION, headers: [['a', 'b', 'c']] }, '"headers" must be a list of pairs'],
    ['a header without a value', { ...QUESTION, headers: [['a']] }, '"headers" must be a list of pairs'],
    ['a name with a colon', { ...QUESTION, headers: [['a: b', 'c']] }, '"headers" must be a list of pairs'],
    ['a value with a line break', { ...QUESTION, headers: [['a', 'b\r\nc: d']] }, '"headers" must be a list'],
    ['a text in the place of a pair', { ...QUESTION, headers: ['ab'] }, '"headers" must be a list of pairs'],
    ['an address that is none', { ...QUESTION, ip: '1.2.3' }, '"ip" must be an IP address'],
    ['a token that is no text', { ...QUESTION, token: [SECRET] }, '"token" must be the text of a token'],
    ['a token with a line break', { ...QUESTION, token: `${SECRET}\r\nX: y` }, '"token" must be the text'],
    ['a token and scopes', { ...QUESTION, token: SECRET, assumed: { scopes: [] } }, 'give either "token" or'],
    ['scopes as a text', { ...QUESTION, assumed: { scopes: 'a b' } }, '"assumed.scopes" must be a list'],
    ['claims as a list', { ...QUESTION, assumed: { scopes: [], claims: [] } }, '"assumed.claims" must be a'],
    ['an empty app', { ...QUESTION, assumed: { scopes: [], app: '' } }, '"assumed.app" must not be empty'],
    ['an unknown key of the caller', { ...QUESTION, assumed: { scopes: [], sub: 'x' } }, 'unknown key "sub"'],
    ['an unknown key', { ...QUESTION, path: '/' }, 'unknown key "path"'],
    ['an own key __proto__', `{"__proto__":{},"method":"GET","target":"/"}`, 'unknown key "__proto__"'],
    ['a list', [QUESTION], 'the body must be a JSON object'],
    ['no JSON', '{', 'the body is not JSON'],
  ])('with %s is 400', async (_what, body, message) => {
    const [status, text] = await errorOf(body);
    expect(status).toBe(400);
    expect(text).toContain(message);
    expect(text).not.toContain(SECRET);
  });

  it('with a body of more than 64 KiB is 413', async () => {
    expect(await errorOf({ ...QUESTION, token: 'x'.repeat(70_000) })).toEqual([413, 'the body is too large']);
  });

  it('leaves its token in no response and in no log, at the level debug', async () => {
    const parts = ['eyJhbGciOiJSUzI1NiJ9', 'eyJzdWIiOiJjYW5hcnkifQ', 'Y2FuYXJ5LXNpZ25hdHVyZQ'];
    const token = parts.join('.');
    const texts = await Promise.all([
      ask({ ...QUESTION, target: '/orders', token }).then((response) => response.text()),
      ask({ ...QUESTION, target: `/orders?key=${token}`, token }).then((response) => response.text()),
      ask({ ...QUESTION, token, extra: token }).then((response) => response.text()),
    ]);
    const log = await readFile(logFile, 'utf8');
    for (const part of parts) for (const text of [...texts, log]) expect(text).not.toContain(part);
    expect(texts[0]).toContain('invalid_token');
  });
});

describe('a question about a file', () => {
  const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

  it('is 409 unless it is the one in force, which a reload changes', async () => {
    const [first, second] = [configOf(), configOf(' # changed')];
    const isFirst = await ask({ ...QUESTION, config: digestOf(first) });
    expect(isFirst.status).toBe(200);
    expect(await errorOf({ ...QUESTION, config: digestOf(second) })).toEqual([
      409,
      'the gateway runs another configuration: the digest of its file differs',
    ]);
    await writeFile(file, second);
    expect(await gate.reload()).toBe(true);
    expect((await ask({ ...QUESTION, config: digestOf(first) })).status).toBe(409);
    expect((await ask({ ...QUESTION, config: digestOf(second) })).status).toBe(200);
    // A file that is not valid is not in force.
    await writeFile(file, `${second}\nunknown: 1`);
    expect(await gate.reload()).toBe(false);
    expect((await ask({ ...QUESTION, config: digestOf(second) })).status).toBe(200);
  });
});
