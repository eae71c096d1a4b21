/** Environment variables that replace the built-in defaults: addresses, and the folder for data. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ConfigError } from '../../src/config/config.js';
import { compileConfig, loadConfig } from '../../src/config/config.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-environment-'));
});

afterAll(() => rm(folder, { recursive: true }));

const TOKENS = 'tokens: {issuer: https://gate.test, audience: a, endpoints: {whoami: {}}';
const REST = `
upstreams: {echo: 'http://127.0.0.1:9'}
routes: [{match: GET /a, upstream: echo, public: true}]
`;
const ENV = { TOLLGATE_LISTEN: '0.0.0.0:80', TOLLGATE_ADMIN: '[::1]:81', TOLLGATE_DATA: '/app/data' };

async function load(text: string, env: Record<string, string>) {
  const file = join(folder, 'gateway.yaml');
  await writeFile(file, text + REST);
  return (await loadConfig(file, env)).settings;
}

it('a variable is used if the file omits the keys', async () => {
  expect(await load(`${TOKENS}}`, ENV)).toMatchObject({
    listen: { host: '0.0.0.0', port: 80 },
    admin: { host: '::1', port: 81 },
    jwksCache: '/app/data/jwks',
    tokens: { database: { kind: 'sqlite', path: '/app/data/tollgate.db' } },
  });
});

it('the file takes precedence', async () => {
  const text = `listen: 127.0.0.1:1\nadmin: 127.0.0.1:2\njwks_cache: false\n${TOKENS}, database: "sqlite:my.db"}`;
  const settings = await load(text, ENV);
  expect(settings).toMatchObject({
    listen: { host: '127.0.0.1', port: 1 },
    admin: { port: 2 },
    tokens: { database: { path: join(folder, 'my.db') } },
  });
  expect(settings.jwksCache).toBeUndefined();
});

it('the built-in default is used if it is unset or empty', async () => {
  for (const env of [{}, { TOLLGATE_LISTEN: '', TOLLGATE_ADMIN: '', TOLLGATE_DATA: '' }]) {
    expect(await load(`${TOKENS}}`, env)).toMatchObject({
      listen: { host: '127.0.0.1', port: 8080 },
      admin: { port: 8081 },
      jwksCache: join(folder, 'data/jwks'),
      tokens: { database: { path: join(folder, 'data/tollgate.db') } },
    });
  }
});

it('an invalid address is an error that names the variable', async () => {
  const error = await load('', { TOLLGATE_LISTEN: '8080' }).catch((thrown: unknown) => thrown);
  expect((error as ConfigError).problems.map(String)).toEqual([
    expect.stringContaining(
      'the environment variable TOLLGATE_LISTEN must be an address such as 127.0.0.1:8080',
    ),
  ]);
});

it('a library opens no port', () => {
  const config = {
    upstreams: { echo: 'http://127.0.0.1:9' },
    routes: [{ match: 'GET /a', upstream: 'echo', public: true }],
  };
  const { settings } = compileConfig(config, { env: ENV, baseFolder: folder });
  expect(settings.listen).toBeUndefined();
  expect(settings.jwksCache).toBe('/app/data/jwks');
});
