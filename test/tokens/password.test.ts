import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Registry } from '../../src/tokens/registry/registry.js';
import { AUDIENCE, hashPassword, PASSWORD, read, startTokenService, type TestService } from './support.js';

const PATH = '/token';
let service: TestService;
/** Called while a password is being checked. */
let meanwhile: ((registry: Registry) => Promise<unknown>) | undefined;

beforeAll(async () => {
  service = await startTokenService({
    registry: (real) => ({
      ...real,
      async findUser(name) {
        const user = await real.findUser(name);
        const act = meanwhile;
        meanwhile = undefined;
        await act?.(real);
        return user;
      },
    }),
  });
  await service.addUser();
});
beforeEach(() => (meanwhile = undefined));
afterAll(() => service.close());

const login = (username = 'grace', password = PASSWORD) =>
  read(service.postJson(PATH, { username, password }));
const refresh = (refresh_token: unknown) => read(service.postJson(PATH, { refresh_token }));
const newSession = async () => String((await login())[1]['refresh_token']);

describe('POST /token with a password', () => {
  it('issues a token and a refresh token', async () => {
    const [status, body] = await login();
    expect(status).toBe(200);
    expect(body).toEqual({
      token: expect.any(String),
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      token_type: 'Bearer',
      expires_in: 3600,
    });
    const iat = Math.floor(service.clock.nowMs / 1000);
    expect(decodeJwt(String(body['token']))).toEqual({
      iss: service.url,
      sub: 'grace',
      organization: 'Example',
      scope: ['storage:read', 'notarization:*'],
      aud: AUDIENCE,
      grant_type: 'password',
      iat,
      exp: iat + 3600,
      jti: expect.any(String),
      sid: expect.any(String),
      gen: 1,
    });
  });

  it('issues one without scopes to a user who has none, and again at a refresh', async () => {
    await service.addUser({ name: 'edsger', scopes: [] });
    const [status, body] = await login('edsger');
    expect(status).toBe(200);
    expect(decodeJwt(String(body['token']))).toMatchObject({ sub: 'edsger', scope: [] });
    const [again, next] = await refresh(body['refresh_token']);
    expect(again).toBe(200);
    expect(decodeJwt(String(next['token']))).toMatchObject({ sub: 'edsger', scope: [] });
  });

  it('responds to a wrong password and an unknown user alike', async () => {
    const [wrong, unknown] = [await login('grace', 'wrong'), await login('nobody')];
    expect(wrong).toMatchObject([400, { error: 'invalid_grant' }]);
    expect(unknown).toEqual(wrong);
  });

  it('lets honest logins succeed while others keep the hashing busy with wrong passwords', async () => {
    const failedAttempts = { attempts: 1_000_000, windowMs: 60_000, cooldownMs: 60_000 };
    const busy = await startTokenService({ settings: { failedAttempts } });
    await busy.addUser({ name: 'honest' });
    await busy.addUser({ name: 'victim', passwordHash: hashPassword(PASSWORD, 13) });
    const loginFrom = async (address: string, username: string, password: string) => {
      const body = JSON.stringify({ username, password });
      const headers = { 'content-type': 'application/json', 'x-test-address': address };
      const response = await busy.fetch(PATH, { method: 'POST', body, headers });
      await response.text();
      return response.status;
    };
    let isOver = false;
    let guesses = 0;
    const attack = async (address: string): Promise<void> => {
      for (; !isOver; guesses += 1) await loginFrom(address, 'victim', 'wrong');
    };
    const attackers = ['198.51.100.1', '198.51.101.1', '198.51.102.1'].map(attack);
    await expect.poll(() => guesses, { timeout: 10_000 }).toBeGreaterThan(3);
    const honest = Array.from({ length: 64 }, (_, i) => loginFrom(`203.0.113.${i % 8}`, 'honest', PASSWORD));
    const statuses = await Promise.all(honest);
    isOver = true;
    await Promise.all(attackers);
    await busy.close();
    expect(statuses).toEqual(Array(64).fill(200));
  }, 30_000);

  it('refuses a user who is deleted, or created again, while the password is hashed', async () => {
    const { nowMs } = service.clock;
    await service.addUser({ name: 'alan' });
    meanwhile = (registry) => registry.deleteUser('alan', nowMs, 'tokens');
    expect(await login('alan')).toMatchObject([400, { error: 'invalid_grant' }]);
    await service.addUser({ name: 'alan' });
    meanwhile = async (registry) => {
      await registry.deleteUser('alan', nowMs, 'tokens');
      await service.addUser({ name: 'alan', passwordHash: 'another' });
    };
    expect(await login('alan')).toMatchObject([400, { error: 'invalid_grant' }]);
  });

  it.each([
    ['no password', { username: 'grace' }],
    ['no username', { password: PASSWORD }],
    ['nothing', {}],
    ['a password that is a number', { username: 'grace', password: 5 }],
    ['a password that is an object', { username: 'grace', password: { username: 'grace' } }],
    ['a username with a NUL', { username: 'gra\0ce', password: PASSWORD }],
    ['a refresh token beside a username', { username: 'grace', refresh_token: 'x' }],
    ['a refresh token beside a password', { password: PASSWORD, refresh_token: 'x' }],
    ['a list', [{ username: 'grace', password: PASSWORD }]],
    ['null', null],
  ])('refuses %s with invalid_request', async (_, value) => {
    expect(await read(service.postJson(PATH, value))).toMatchObject([400, { error: 'invalid_request' }]);
  });

  it.each([
    ['no JSON', '{"username"', 400],
    ['a name twice', `{"username":"grace","password":"x","password":"${PASSWORD}"}`, 400],
    ['a name twice, once escaped', `{"username":"grace","password":"x","passwor\\u0064":"${PASSWORD}"}`, 400],
    ['bytes that are no text', Buffer.from([0x22, 0xff, 0x22]), 400],
  ])('refuses %s', async (_, body, expected) => {
    const headers = { 'content-type': 'application/json' };
    const [status, answer] = await read(service.fetch(PATH, { method: 'POST', body, headers }));
    expect([status, answer['error']]).toEqual([expected, 'invalid_request']);
  });

  it('does not read a nested name as a top-level one', async () => {
    const value = { deep: [{ username: 'x', password: 'x' }], username: 'grace', password: PASSWORD };
    expect(await read(service.postJson(PATH, value))).toMatchObject([200, {}]);
  });

  it('refuses a form', async () => {
    const answer = service.post(PATH, { username: 'grace', password: PASSWORD });
    expect(await read(answer)).toMatchObject([415, { error: 'invalid_request' }]);
  });
});

describe('POST /token with a refresh token', () => {
  it('issues a new pair, once', async () => {
    const first = await newSession();
    const [status, body] = await refresh(first);
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['expires_in', 'refresh_token', 'token', 'token_type']);
    expect(await refresh(first)).toMatchObject([400, { error: 'invalid_grant' }]);
    expect(await refresh(body['refresh_token'])).toMatchObject([200, {}]);
  });

  it('lets one of 50 concurrent uses win, and its successor stay valid', async () => {
    const token = await newSession();
    const responses = await Promise.all(Array.from({ length: 50 }, () => refresh(token)));
    const won = responses.filter(([status]) => status === 200);
    expect(won).toHaveLength(1);
    expect(responses.filter(([status]) => status === 400)).toHaveLength(49);
    expect(await refresh(won[0]?.[1]['refresh_token'])).toMatchObject([200, {}]);
  });

  it('ends the family if a token is reused more than 5 seconds later, and logs it', async () => {
    const first = await newSession();
    const [, second] = await refresh(first);
    service.clock.nowMs += 5001;
    expect(await refresh(first)).toMatchObject([400, { error: 'invalid_grant' }]);
    expect(await refresh(second['refresh_token'])).toMatchObject([400, { error: 'invalid_grant' }]);
    const line = service.lines.find((text) => text.includes('used again'));
    expect(line).toContain('"user":"grace"');
    expect(line).not.toContain(first);
    const { sid } = decodeJwt(String(second['token']));
    expect(service.revocations.at(-1)).toMatchObject({ kind: 'family', id: sid, cause: 'revoked' });
  });

  it('does not extend a session past its end', async () => {
    let token = await newSession();
    service.clock.nowMs += 20 * 86_400_000;
    token = String((await refresh(token))[1]['refresh_token']);
    service.clock.nowMs += 11 * 86_400_000;
    expect(await refresh(token)).toMatchObject([400, { error: 'invalid_grant' }]);
  });

  it('fails after the user is deleted', async () => {
    await service.addUser({ name: 'edsger' });
    const [, body] = await login('edsger');
    await service.registry.deleteUser('edsger', service.clock.nowMs, 'tokens');
    expect(await refresh(body['refresh_token'])).toMatchObject([400, { error: 'invalid_grant' }]);
  });

  it('fails if the user is deleted at the same time', async () => {
    await service.addUser({ name: 'barbara' });
    const [, body] = await login('barbara');
    const gone = await startTokenService({
      registry: () => ({ ...service.registry, findUser: () => Promise.resolve(undefined) }),
    });
    const [status, answer] = await read(gone.postJson(PATH, { refresh_token: body['refresh_token'] }));
    expect([status, answer['error']]).toEqual([400, 'invalid_grant']);
    await gone.close();
  });

  it('grants only the current scopes of the user', async () => {
    const { nowMs } = service.clock;
    await service.addUser({ name: 'donald', scopes: ['storage:*', 'notarization:read'] });
    const [, body] = await login('donald');
    const { registry } = service;
    const fewer = await startTokenService({
      registry: () => ({
        ...registry,
        findUser: async (name) => {
          const user = await registry.findUser(name);
          return user && { ...user, scopes: ['storage:read'] };
        },
      }),
    });
    fewer.clock.nowMs = nowMs;
    const [, answer] = await read(fewer.postJson(PATH, { refresh_token: body['refresh_token'] }));
    expect(decodeJwt(String(answer['token']))['scope']).toEqual(['storage:read']);
    await fewer.close();
  });
});
