/** Secrets do not leak: into the log, Redis, the upstream or a response. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort, startRedis, type OwnRedis } from '../support/redis.js';
import { startGate } from '../support/gate.js';
import { startFixture, type Fixture } from '../support/fixture.js';
import {
  createDatabaseFile,
  makeApp,
  postForm,
  tokensIn,
  type DatabaseFile,
  type MadeApp,
} from '../support/token-gate.js';

let redis: OwnRedis;
let monitor: Socket;
let monitored = '';
let file: DatabaseFile;
let fixture: Fixture;
let app: MadeApp;
let responses = '';

beforeAll(async () => {
  [redis, file] = await Promise.all([startRedis(), createDatabaseFile()]);
  monitor = connect(Number(new URL(redis.url).port), '127.0.0.1');
  monitor.on('data', (bytes) => (monitored += bytes.toString('latin1')));
  monitor.write('MONITOR\r\n');
  await once(monitor, 'data');
  fixture = await startFixture({
    log: { level: 'debug', file: logFile() },
    redis: { url: redis.url, key_prefix: 'canary:' },
    tokens: tokensIn(file.database),
    cors: { origins: ['https://page.test'] },
    routes: [{ match: 'GET /orders', upstream: 'behind', scope: 'orders:read', limit: '100 per 1m' }],
  });
  app = await makeApp(fixture.gate, { name: 'Canary', scopes: ['*'] });
});

afterAll(async () => {
  monitor.destroy();
  await Promise.all([fixture.upstream.close(), redis.close()]);
  await file.remove();
});

const logFile = () => join(file.folder, 'gate.log');

/** Sends one request and keeps its response for the search. @returns its status */
async function send(method: string, target: string, fields = '', body = ''): Promise<number | undefined> {
  const length = body === '' ? 'Content-Length: 0\r\n' : `Content-Length: ${body.length}\r\n`;
  const head = `${method} ${target} HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\n${length}${fields}\r\n`;
  const { text, responses: whole } = await fixture.talk(head + body, { untilEnd: true });
  responses += text;
  return whole[0]?.status;
}

const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';

it('A secret leaks nowhere, however it is sent: valid, invalid, encoded, repeated, malformed, or to a wrong path', async () => {
  const { key, secret } = app;
  const pair = `key=${key}&secret=${secret}`;
  const basic = Buffer.from(`${key}:${secret}`).toString('base64');
  const encoded = [...Buffer.from(secret)].map((byte) => `%${byte.toString(16)}`).join('');

  // The correct use: the secret must be the real one, and it is the one searched for below.
  expect(await send('POST', `/auth/token?${pair}`)).toBe(200);
  expect(await send('POST', `/auth/token?key=${key}&%73ecret=${secret}`)).toBe(200);
  expect(await send('POST', `/auth/token?key=${key}&secret=${encoded}`)).toBe(200);
  expect(await send('POST', '/auth/token', FORM, pair)).toBe(200);
  expect(await send('POST', `/%61uth/token?${pair}`)).toBe(200);
  const grant = 'grant_type=client_credentials';
  expect(await send('POST', '/connect/token', `${FORM}Authorization: Basic ${basic}\r\n`, grant)).toBe(200);

  // In wrong ways.
  const bad: (readonly [status: number, method: string, target: string, fields?: string, body?: string])[] = [
    [400, 'POST', `/auth/token?${pair}&secret=${secret}`],
    [400, 'POST', `/auth/token?${pair}&%73ecret=${secret}`],
    [400, 'POST', `/auth/token?${pair}`, FORM, pair],
    [400, 'POST', `/auth/token?secret=${secret}`],
    [400, 'POST', `/auth/token?key=${key}&secret=${secret}%zz`],
    [401, 'POST', `/auth/token?key=${key}&secret=${secret}x`],
    [401, 'POST', `/auth/token?key=${secret}&secret=${key}`],
    [400, 'POST', '/auth/token', JSON_TYPE, `{"key":"${key}","secret":"${secret}"`],
    [400, 'POST', '/auth/token', JSON_TYPE, `{"key":"${key}","${secret}":"secret"}{`],
    [415, 'POST', '/auth/token', 'Content-Type: text/plain\r\n', pair],
    [405, 'GET', `/auth/token?${pair}`],
    [400, 'POST', `/connect/token?client_id=${key}&client_secret=${secret}`, FORM, grant],
    [400, 'POST', '/connect/token', `${FORM}Authorization: Basic ${basic}x\r\n`, grant],
    [400, 'POST', '/connect/token', FORM, `grant_type=${secret}`],
    [400, 'POST', '/token', JSON_TYPE, JSON.stringify({ username: secret, password: secret })],
    [400, 'POST', '/token', JSON_TYPE, JSON.stringify({ refresh_token: secret })],
    [400, 'POST', `/token/create?secret=${secret}`, FORM, `secret=${secret}&name=n`],
    [400, 'POST', '/token/create', FORM, `secret=${secret}&name=n&description=d&permission=${secret}`],
    [401, 'GET', '/token/whoami', `Authorization: Bearer ${secret}\r\n`],
    [401, 'GET', `/token/whoami?access_token=${secret}`],
    // To wrong paths.
    [404, 'POST', `/AUTH/token?${pair}`],
    [404, 'POST', `/auth/token/?${pair}`],
    [404, 'POST', `/auth/tokens?${pair}`],
    [404, 'POST', `/${secret}`],
    [400, 'POST', `/auth//token?${pair}`],
    [400, 'POST', `http://other.test/auth/token?${pair}`],
    [400, 'POST', `/auth/token#?${pair}`],
    [405, 'POST', `/orders?${pair}`],
    [401, 'GET', '/orders', `Authorization: Bearer ${secret}\r\n`],
    [401, 'GET', '/orders', `Authorization: Basic ${basic}\r\n`],
    [400, 'GET', '/orders', `Authorization: Bearer ${secret} ${secret}\r\n`],
    [400, 'POST', `/auth/token?${pair}`, `X-Request-Id : ${secret}\r\n`],
    [400, 'POST', `/auth/token?${pair}`, 'Host: twice.test\r\n'],
    [431, 'POST', `/auth/token?${pair}`, `X-Large: ${'x'.repeat(17_000)}\r\n`],
  ];
  for (const [status, ...rest] of bad) {
    expect([rest[0], rest[1].replaceAll(secret, 'SECRET'), await send(...rest)]).toEqual([
      rest[0],
      rest[1].replaceAll(secret, 'SECRET'),
      status,
    ]);
  }
  const preflight = 'Origin: https://page.test\r\nAccess-Control-Request-Method: POST\r\n';
  await send('OPTIONS', `/auth/token?${pair}`, preflight);
  // Not HTTP at all.
  responses += (await fixture.talk(`POST /auth/token?${pair}\r\n\r\n`, { untilEnd: true })).text;
  responses += (await fixture.talk(`secret=${secret}\r\n\r\n`, { untilEnd: true })).text;

  // An accepted request, so that Redis and the upstream have data to search.
  const { access_token: token } = (await (
    await fetch(`${fixture.gate.url}/auth/token?${pair}`, { method: 'POST' })
  ).json()) as { access_token: string };
  expect(await send('GET', '/orders', `Authorization: Bearer ${token}\r\n`)).toBe(200);

  await fixture.gate.stop();
  const log = await readFile(logFile(), 'utf8');
  const upstream = fixture.upstream.received.join('');
  const seen = { log, redis: monitored, upstream, responses };
  // Every place that is searched has data of these exchanges.
  expect(log).toContain('"route":"key_secret"');
  expect(log).toContain('"status":404');
  expect(monitored).toContain('canary:');
  expect(upstream).toContain('GET /orders');
  expect(responses).toContain('invalid_client');
  const needles = [secret, encoded, basic, Buffer.from(secret).toString('base64').replace(/=+$/, '')];
  for (const [where, text] of Object.entries(seen)) {
    for (const needle of needles) expect([where, text.includes(needle)]).toEqual([where, false]);
  }
  // The log does not have the issued token either.
  expect(log).not.toContain(token.split('.')[2]);
  expect(monitored).not.toContain(token.split('.')[2]);
});

it('The passwords and credentials of the file never reach the log, while every store and issuer refuses them', async () => {
  const needle = 'canary-password';
  const closed = await freePort();
  const issuer = createServer((_req, res) => res.writeHead(500).end());
  issuer.listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  const keys = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks?key=${needle}`;
  const log = join(file.folder, 'refused.log');
  const gate = await startGate({
    log: { level: 'debug', file: log, paths: true },
    // This server has no such user.
    redis: { url: redis.url.replace('redis://', `redis://nobody:${needle}@`) },
    tokens: tokensIn(`postgres://nobody:${needle}@127.0.0.1:${closed}/tokens`),
    issuers: {
      outside: {
        issuer: 'https://outside.test',
        jwks: keys,
        audience: 'a',
        grants: ['*'],
        headers: { Authorization: `Bearer ${needle}` },
        token_from: ['authorization', { query: 'access_token' }],
      },
    },
    upstreams: {
      down: { targets: [`http://127.0.0.1:${closed}`], headers: { set: { 'X-Api-Key': needle } } },
    },
    routes: [
      { match: 'GET /open', upstream: 'down', public: true, limit: { requests: 10, window: '1m', by: 'ip' } },
      { match: 'GET /feed', upstream: 'down', scope: 'none' },
    ],
  });
  const form = { grant_type: 'client_credentials', client_id: 'a', client_secret: needle };
  await postForm(gate, '/connect/token', form);
  await fetch(`${gate.url}/open?access_token=${needle}`, { headers: { cookie: `session=${needle}` } });
  await fetch(`${gate.url}/feed?access_token=${needle}`, { headers: { 'user-agent': needle } });
  await fetch(`${gate.url}/feed`, { headers: { authorization: `Bearer ${needle}` } });
  await gate.stop();
  issuer.close();
  const text = await readFile(log, 'utf8');
  for (const message of [
    'Redis is unavailable',
    'issuer keys could not be read',
    'the registry is unavailable',
  ])
    expect(text).toContain(message);
  expect(text).toContain('a request failed at its target');
  expect(text).not.toContain(needle);
});
