import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { allowedMethods, methodsByPath, publishedPaths } from '../../src/model/token-paths.js';
import type { TokenService } from '../../src/tokens/tokens.js';
import { exchangeRaw } from '../support/raw.js';
import { basic, ENDPOINTS, read, startTokenService, type TestService } from './support.js';

let service: TestService;
beforeAll(async () => {
  service = await startTokenService();
});
afterAll(() => service.close());

describe('the token service', () => {
  it('reports how a request ended', async () => {
    const { key, secret } = await service.createApp();
    service.outcomes.length = 0;
    await service.post('/auth/token', { key, secret });
    await service.post('/connect/token', {});
    await service.fetch('/token/create');
    expect(service.outcomes).toEqual([
      { status: 200, endpoint: 'key_secret' },
      { status: 400, endpoint: 'client_credentials', reason: 'invalid_request' },
      { status: 405, endpoint: 'named', reason: 'invalid_request' },
    ]);
  });

  it('has at each path the methods that the settings say, and is 405 for others', async () => {
    const methods = methodsByPath(service.url, ENDPOINTS);
    expect(methods.size).toBe(Object.keys(ENDPOINTS).length + publishedPaths(service.url).size);
    for (const [path, method] of methods) {
      const own = await service.fetch(path, { method });
      const others = await service.fetch(path, { method: method === 'GET' ? 'POST' : 'GET' });
      expect([path, own.status === 405]).toEqual([path, false]);
      expect([path, others.status, others.headers.get('allow')]).toEqual([
        path,
        405,
        allowedMethods(method).join(', '),
      ]);
    }
  });

  it('responds with 503 and Retry-After if the registry fails, and logs why', async () => {
    const broken = await startTokenService({
      registry: (real) => ({ ...real, findApp: () => Promise.reject(new Error('the database is away')) }),
    });
    const response = await broken.post(
      '/connect/token',
      { grant_type: 'client_credentials' },
      { ...basic('app', 'a-canary-secret'), 'x-test-id': 'request-9' },
    );
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' });
    expect(broken.lines.join('\n')).toMatch(/request-9.*the database is away/);
    expect(broken.lines.join('\n')).not.toContain('a-canary-secret');
    await broken.close();
  });

  it('recognizes its own paths, and throws for others, which are a bug of the caller', async () => {
    let given: TokenService | undefined;
    const other = await startTokenService({ onService: (one) => (given = one) });
    expect(given?.owns('/elsewhere')).toBe(false);
    expect(given?.resembles('/elsewhere')).toBe(false);
    for (const path of ['/Auth/Token', '/auth/token/']) {
      expect(given?.owns(path)).toBe(false);
      expect(given?.resembles(path)).toBe(true);
    }
    const context = { path: '/elsewhere', clientIp: '', requestId: '', headers: [] };
    await expect(given?.handle({ url: '' } as never, {} as never, context)).rejects.toThrow('does not own');
    await other.close();
  });
});

describe('a secret in the URL', () => {
  const CANARY = 'canary-4f1c9d';

  it.each([
    `/auth/token?key=a&secret=${CANARY}`,
    `/auth/token?key=a&%73ecret=${CANARY}`,
    `/auth/token?key=a&secret=${CANARY}&secret=${CANARY}`,
    `/auth/token?key=${CANARY}&secret=%zz${CANARY}`,
    `/auth/token?${CANARY}`,
    `/connect/token?client_secret=${CANARY}`,
    `/revoke?token=${CANARY}`,
    `/token/whoami?secret=${CANARY}`,
  ])('%s is in no response and in no log', async (target) => {
    const response = await exchangeRaw(
      Number(new URL(service.url).port),
      `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    );
    expect(response).toMatch(/^HTTP\/1\.1 4/);
    expect(response).not.toContain(CANARY);
    expect(service.lines.join('\n')).not.toContain(CANARY);
    expect(JSON.stringify(service.outcomes)).not.toContain(CANARY);
  });

  it.each([
    ['/auth/token', { key: CANARY, secret: CANARY }, 25],
    ['/token', { username: CANARY, password: CANARY }, 2],
    ['/token', { refresh_token: CANARY }, 2],
  ])('or in a JSON body to %s is in no response and in no log either', async (path, value, times) => {
    for (let i = 0; i < times; i++) {
      const text = await (await service.postJson(path, value)).text();
      expect(text).not.toContain(CANARY);
    }
    expect(service.lines.join('\n')).not.toContain(CANARY);
  });

  it('is removed from the request before any response, also for an application around the gateway', async () => {
    let given: TokenService | undefined;
    const inner = await startTokenService({ onService: (one) => (given = one) });
    const seen: unknown[] = [];
    const app = express();
    app.use((req, res, next) => {
      res.on('finish', () => seen.push(req.url, req.originalUrl));
      next();
    });
    app.use((req, res) => {
      void given?.handle(req, res, { path: req.path, clientIp: '::1', requestId: 'r', headers: [] });
    });
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await fetch(`http://127.0.0.1:${port}/auth/token?secret=${CANARY}`, { method: 'POST' });
    expect(seen).toEqual(['/auth/token', '/auth/token']);
    server.close();
    await inner.close();
  });
});

describe('a body that a middleware has read', () => {
  let close: () => Promise<void> = () => Promise.resolve();
  afterEach(() => close());

  async function behind(...middleware: express.RequestHandler[]): Promise<[string, TestService]> {
    let given: TokenService | undefined;
    const inner = await startTokenService({ onService: (one) => (given = one) });
    const app = express();
    for (const one of middleware) app.use(one);
    app.use((req, res) => {
      void given?.handle(req, res, { path: req.path, clientIp: '::1', requestId: 'r', headers: [] });
    });
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    close = async () => {
      server.close();
      server.closeAllConnections();
      await inner.close();
    };
    return [`http://127.0.0.1:${(server.address() as AddressInfo).port}`, inner];
  }

  const ask = (url: string, value: object) =>
    fetch(`${url}/auth/token`, {
      method: 'POST',
      body: JSON.stringify(value),
      headers: { 'content-type': 'application/json' },
    });

  it('is read if the bytes were kept', async () => {
    for (const middleware of [
      express.raw({ type: '*/*' }),
      express.json({ verify: (req, _res, bytes) => void Object.assign(req, { rawBody: bytes }) }),
    ]) {
      const [url, inner] = await behind(middleware);
      const { key, secret } = await inner.createApp();
      expect((await ask(url, { key, secret })).status).toBe(200);
      expect((await ask(url, { key: 'x'.repeat(20_000), secret })).status).toBe(413);
      await close();
    }
    close = () => Promise.resolve();
  });

  it('is an error of the application if they were not, and never hangs', async () => {
    const [url] = await behind(express.json());
    expect(await read(ask(url, { key: 'a', secret: 'b' }))).toMatchObject([500, { error: 'server_error' }]);
  });
});
