/** Where the console is: its own address, another prefix, behind a proxy, and switched off by a reload. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGate, type Config, type TestGate } from '../support/gate.js';
import { exchangeRaw } from '../support/raw.js';
import { freePort } from '../support/redis.js';
import { ADMINISTRATOR, openBrowser } from './support.js';

const ROUTES: Config = {
  upstreams: { service: 'http://127.0.0.1:9' },
  routes: [{ match: 'GET /orders', upstream: 'service', public: true }],
};
let port: number;
let config: Config;
let gate: TestGate;

beforeAll(async () => {
  port = await freePort();
  const console = { listen: `127.0.0.1:${port}`, prefix: '/ops/gate', name: 'First' };
  config = { ...ROUTES, console, trust_proxy: ['127.0.0.1'] };
  gate = await startGate(config);
});
afterAll(() => gate.stop());

const origin = () => `http://127.0.0.1:${port}`;
const statusOf = async (url: string) => (await fetch(url, { redirect: 'manual' })).status;

it('The console has its own address and prefix, and is then not at the admin port', async () => {
  const root = await fetch(`${origin()}/`, { redirect: 'manual' });
  expect([root.status, root.headers.get('location')]).toEqual([302, 'ops/gate/']);
  const bare = await fetch(`${origin()}/ops/gate`, { redirect: 'manual' });
  expect([bare.status, bare.headers.get('location')]).toEqual([302, 'gate/']);
  const session = await openBrowser(`${origin()}/ops/gate`).signIn(ADMINISTRATOR);
  expect(session).toMatchObject({ gateway: { name: 'First' }, has_token_service: false });
  for (const path of ['/healthz', '/metrics', '/api/refusals', '/ops/gates', '/OPS/gate/'])
    expect([path, await statusOf(`${origin()}${path}`)]).toEqual([path, 404]);
  for (const path of ['/', '/ops/gate/', '/console/'])
    expect([path, await statusOf(`${gate.adminUrl}${path}`)]).toEqual([path, 404]);
});

it('Its own address accepts no other Host names than the admin port', async () => {
  const request = 'GET /ops/gate/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n';
  expect(await exchangeRaw(port, request)).toMatch(/^HTTP\/1\.1 421 /);
});

it('Behind a trusted proxy that ends TLS, the cookie is for TLS, and the origin is that of TLS', async () => {
  const browser = openBrowser(`${origin()}/ops/gate`);
  const headers = { 'x-forwarded-proto': 'https', origin: origin().replace('http:', 'https:') };
  const response = await browser.ask('POST', 'session', ADMINISTRATOR, headers);
  expect(response.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-tollgate=[\w.-]+; Path=\/; Secure; HttpOnly; SameSite=Strict$/),
  ]);
  const plain = { 'x-forwarded-proto': 'https', origin: origin() };
  expect((await browser.ask('POST', 'session', ADMINISTRATOR, plain)).status).toBe(403);
});

it('A reload changes name and prefix, keeps sessions, and can switch the console off', async () => {
  const before = openBrowser(`${origin()}/ops/gate`);
  await before.signIn(ADMINISTRATOR);
  const listen = `127.0.0.1:${port}`;
  expect(await gate.reload({ ...config, console: { listen, name: 'Second' } })).toBe(true);
  const after = openBrowser(`${origin()}/console`);
  after.cookie = before.cookie;
  expect(await after.json('GET', 'session')).toMatchObject({ gateway: { name: 'Second' } });
  expect((await before.ask('GET', 'session')).status).toBe(404);
  expect(await gate.reload({ ...config, console: false })).toBe(true);
  expect((await after.ask('GET', 'session')).status).toBe(404);
});
