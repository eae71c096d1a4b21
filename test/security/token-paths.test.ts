/**
 * A catch-all route beside a token service: a path that could be read as one of the service's never reaches
 * the upstream.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFixture, type Fixture } from '../support/fixture.js';
import { createDatabaseFile, tokensIn, type DatabaseFile } from '../support/token-gate.js';
import { WEBSOCKET, request } from '../support/wire-fixture.js';

const CANARY = 'canary-secret-in-a-token-path';
const PAIR = `key=app&secret=${CANARY}`;
const LOG_BATCH_MS = 600;

let file: DatabaseFile;
let fixture: Fixture;

beforeAll(async () => {
  file = await createDatabaseFile();
  fixture = await startFixture({
    log: { level: 'debug', file: logFile(), paths: true },
    allow_semicolon: true,
    tokens: tokensIn(file.database),
    routes: [{ match: '* /{path*}', upstream: 'behind', public: true, allow_encoded_slash: true }],
  });
});
afterAll(async () => {
  await fixture.close();
  await file.remove();
});

const logFile = (): string => join(file.folder, 'gate.log');

/** @returns the status, once it is certain whether the request was forwarded */
async function ask(method: string, target: string, fields: readonly string[] = []): Promise<number> {
  const { responses } = await fixture.talk(request(`${method} ${target}`, ['Connection: close', ...fields]), {
    untilEnd: true,
  });
  return responses[0]?.status ?? 0;
}

const SPELLINGS = [
  '/auth/token;a=b',
  '/auth;a=b/token',
  '/auth/token%3Ba=b',
  '/auth%2Ftoken',
  '/auth%2ftoken/',
  '/auth%2F/token',
  '/auth/%2Ftoken',
  '/AUTH/Token',
  '/auth/token/',
  '/auth/token.',
  '/auth./token',
  '/auth/token%20',
  '/auth/token%3F',
  '/auth/token%23',
  '/auth%EF%BC%8Ftoken',
  '/%EF%BD%81uth/token',
  '/AUTH%2FTOKEN;x=1/',
  '/x%2F%EF%BC%8E%EF%BC%8E%2Fauth%2Ftoken',
  'http://gate.test/auth%2Ftoken',
  '/connect%2Ftoken',
  '/token;x',
  '/token%2Fcreate',
  '/token%2Fwhoami',
  '/revoke;x',
  '/introspect%2F',
  '/.well-known%2Fjwks.json',
];

describe('A path that could be read as one of the token service', () => {
  it.each(SPELLINGS)('is 404 for every method, and for a WebSocket handshake: %s', async (path) => {
    for (const method of ['GET', 'POST', 'PUT', 'OPTIONS'])
      expect([method, await ask(method, `${path}?${PAIR}`)]).toEqual([method, 404]);
    expect(await ask('GET', `${path}?${PAIR}`, WEBSOCKET)).toBe(404);
    expect(fixture.upstream.requests).toHaveLength(0);
  });

  it('with the query in the path is 404', async () => {
    expect(await ask('POST', `/auth/token%3F${PAIR}`)).toBe(404);
    expect(await ask('GET', `/auth%2Ftoken%3F${PAIR}`)).toBe(404);
    expect(await ask('POST', `/auth/token;${PAIR.replace('&', ';')}`)).toBe(404);
    expect(await ask('POST', `/auth/token%EF%BC%9F${PAIR}`)).toBe(404);
    expect(await ask('POST', `/auth/token%253F${PAIR}`)).toBe(400);
  });

  it.each(['//auth/token', '/auth//token', '/x/../auth/token', '/auth%252Ftoken', '/auth%5Ctoken'])(
    'is 400 if no path may have its characters: %s',
    async (path) => {
      expect(await ask('POST', `${path}?${PAIR}`)).toBe(400);
      expect(await ask('GET', `${path}?${PAIR}`, WEBSOCKET)).toBe(400);
    },
  );
});

describe('A path of the token service itself', () => {
  it('is served by it for every plain request, and 404 for a WebSocket handshake', async () => {
    expect(await ask('GET', `/auth/token?${PAIR}`)).toBe(405);
    expect(await ask('PUT', `/%61uth/token?${PAIR}`)).toBe(405);
    expect(await ask('GET', `/auth/token?${PAIR}`, ['Upgrade: h2c'])).toBe(405);
    for (const path of [
      '/auth/token',
      '/token/whoami',
      '/.well-known/jwks.json',
      'http://gate.test/auth/token',
    ])
      expect([path, await ask('GET', `${path}?${PAIR}`, WEBSOCKET)]).toEqual([path, 404]);
    expect(fixture.upstream.requests).toHaveLength(0);
  });
});

describe('After all of these requests', () => {
  it('the secret is in no log or forwarded request, and other paths are still forwarded', async () => {
    expect(fixture.upstream.requests).toHaveLength(0);
    for (const path of ['/auth/tokens', '/auth%2Ftokens', '/files/a%2Fb;c.', '/auth'])
      expect([path, await ask('GET', path)]).toEqual([path, 200]);
    await sleep(LOG_BATCH_MS);
    const log = await readFile(logFile(), 'utf8');
    expect(log).toContain('"status":404');
    expect(log).toContain('"path":"/auth/token"');
    expect(log).not.toContain(CANARY);
    expect(fixture.upstream.received.join('')).not.toContain(CANARY);
  });
});
