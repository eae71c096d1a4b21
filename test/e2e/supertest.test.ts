/** A gateway as Express middleware: the same configuration file, inside an application. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ConfigError, tollgate, type GatewayConfig } from '../../src/index.js';
import { createLibrary, type Library } from '../support/library.js';
import { startEchoUpstream, type Echo } from '../support/upstream.js';

let library: Library;
let token: string;

beforeAll(async () => {
  library = await createLibrary();
});

beforeEach(() => {
  token = library.issuer.sign({ scope: 'storage:*', sub: `app-${Math.random()}` });
});

afterEach(() => library.closeGates());
afterAll(() => library.close());

function listen(server: Server): Promise<number> {
  return once(server.listen(0, '127.0.0.1'), 'listening').then(() => (server.address() as AddressInfo).port);
}

describe('the gateway as middleware', () => {
  it('forwards what a route matches, with the identity of the caller and the limit headers', async () => {
    const app = await library.openApp();
    const answer = await request(app).get('/files/7?x=%41').set('Authorization', `Bearer ${token}`);
    expect(answer.status).toBe(200);
    const { url, rawHeaders } = answer.body as Echo;
    expect(url).toBe('/files/7?x=%41');
    expect(rawHeaders).toContain('X-App-Id');
    expect(answer.headers).toMatchObject({ 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '1' });
    expect(answer.headers['x-request-id']).toBeDefined();
  });

  it('passes what no route matches to the next handler, unchanged', async () => {
    const app = await library.openApp();
    const answer = await request(app).get('/own');
    expect([answer.status, answer.text]).toEqual([200, 'my own page']);
    expect(answer.headers).not.toHaveProperty('x-request-id');
    expect((await request(app).get('/nowhere')).text).toContain('Cannot GET /nowhere');
  });

  it('responds with 404 itself where no handler follows it', async () => {
    const gate = await library.openGate();
    const answer = await request(createServer((req, res) => gate(req, res))).get('/nowhere');
    expect([answer.status, answer.text]).toEqual([
      404,
      '{"errors":[{"code":34,"message":"No such resource"}]}',
    ]);
  });

  it('refuses with the same responses as a standalone gateway', async () => {
    const app = await library.openApp();
    const bearer = { Authorization: `Bearer ${token}` };
    const stranger = { Authorization: `Bearer ${library.issuer.sign({ scope: 'other:*' })}` };
    expect((await request(app).get('/files/7')).status).toBe(401);
    expect((await request(app).get('/files/7').set(stranger)).status).toBe(403);
    expect((await request(app).delete('/files/7').set(bearer)).headers).toMatchObject({
      allow: 'GET, HEAD, POST',
    });
    await request(app).get('/files/7').set(bearer);
    await request(app).get('/files/8').set(bearer);
    const refused = await request(app).get('/files/9').set(bearer);
    expect([refused.status, refused.body]).toEqual([
      429,
      { errors: [{ code: 88, message: 'Rate limit exceeded: at most 2 requests per 1m for each app' }] },
    ]);
    expect(refused.headers).toMatchObject({ 'x-ratelimit-remaining': '0' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
  });

  it('leaves a preflight to the page behind it, and responds to one for a route', async () => {
    const cors = { origins: ['https://app.example'], headers: ['Authorization'] };
    const app = await library.openApp(undefined, { cors });
    app.options('/own', (_req, res) => void res.status(200).send('my own preflight'));
    const preflight = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'GET' };
    expect((await request(app).options('/own').set(preflight)).text).toBe('my own preflight');
    const answer = await request(app).options('/files/7').set(preflight);
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([
      204,
      'https://app.example',
    ]);
  });

  it('can be mounted under a path, with routes relative to it', async () => {
    const app = express();
    app.use('/api', await library.openGate());
    const answer = await request(app).get('/api/files/7').set('Authorization', `Bearer ${token}`);
    expect((answer.body as Echo).url).toBe('/files/7');
    expect((await request(app).get('/files/7')).status).toBe(404);
  });

  it('keeps fields set by earlier middleware, beside the fields of the response', async () => {
    const app = await library.openApp((app) =>
      app.use((_req, res, next) => {
        res.set('X-Before', 'yes').vary('Accept-Language').append('Set-Cookie', 'a=1');
        next();
      }),
    );
    const answer = await request(app).get('/files/7').set('Authorization', `Bearer ${token}`);
    expect(answer.headers).toMatchObject({ 'x-before': 'yes', vary: 'Accept-Language' });
    expect(answer.headers['set-cookie']).toEqual(['a=1']);
  });

  it('also refuses when earlier middleware has set fields', async () => {
    const app = await library.openApp((app) =>
      app.use((_req, res, next) => {
        res.set('X-Before', 'yes');
        next();
      }),
    );
    const answer = await request(app).get('/files/7');
    expect([answer.status, answer.headers['x-before'], answer.headers['www-authenticate']]).toEqual([
      401,
      'yes',
      'Bearer realm="tollgate"',
    ]);
    expect(answer.headers['content-type']).toBe('application/json');
  });

  it('has a type that app.use and server.on accept without a cast', async () => {
    const gate = await library.openGate();
    const app = express();
    app.use(gate);
    app.use('/below', gate);
    const server = createServer(app);
    server.on('upgrade', gate.upgrade);
    expect(gate).toBeTypeOf('function');
  });
});

describe('WebSockets of a mounted gateway', () => {
  let service: Server;
  let origin: string;

  beforeAll(async () => {
    service = createServer();
    new WebSocketServer({ server: service }).on('connection', (socket) =>
      socket.on('message', (data) => {
        socket.send(data);
      }),
    );
    origin = `http://127.0.0.1:${await listen(service)}`;
  });

  afterAll(() => {
    service.closeAllConnections();
    service.close();
  });

  it('pass the same checks: with a token they reach the upstream, without one they get a 401', async () => {
    const gate = await library.openGate({
      upstreams: { echo: origin },
      routes: [{ match: 'GET /socket', upstream: 'echo', scope: 'storage:read' }],
    });
    const server = createServer(express().use(gate));
    server.on('upgrade', gate.upgrade);
    const port = await listen(server);

    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, {
      headers: { authorization: `Bearer ${token}` },
    });
    await once(socket, 'open');
    socket.send('through the application');
    const [message] = (await once(socket, 'message')) as [Buffer];
    expect(message.toString()).toBe('through the application');
    socket.terminate();

    const stranger = new WebSocket(`ws://127.0.0.1:${port}/socket`);
    stranger.on('error', () => undefined);
    const [, response] = (await once(stranger, 'unexpected-response')) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(401);
    stranger.terminate();
    server.closeAllConnections();
    server.close();
  });
});

describe('tollgate()', () => {
  it('reads a file as the command does, with paths and listeners ignored', async () => {
    const file = join(library.folder, 'gateway.yaml');
    await writeFile(file, JSON.stringify(library.config()));
    const gate = await tollgate(file);
    const answer = await request(express().use(gate)).get('/files/7').set('Authorization', `Bearer ${token}`);
    expect(answer.status).toBe(200);
  });

  it('rejects an invalid object with a ConfigError that has every problem, located by its key', async () => {
    const bad = library.config({ routes: [{ match: 'GET /x', upstream: 'nobody', public: true }] });
    const error: unknown = await tollgate({ ...bad, listn: 1 } as GatewayConfig).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConfigError);
    const { problems, message } = error as ConfigError;
    expect(problems.map(String).join('\n')).toMatch(/routes\[0\]\.upstream/);
    expect(problems.map(String).join('\n')).toMatch(/unknown key "listn"; did you mean "listen"\?/);
    expect(message).toContain('listn');
  });

  it('closes at once when idle, and lets requests in progress finish', async () => {
    let finish: () => void = () => undefined;
    const slow = await startEchoUpstream((_req, res) => (finish = () => res.end('late')));
    const gate = await library.openGate({ upstreams: { echo: slow.origin } });
    const server = createServer(express().use(gate));
    const port = await listen(server);
    const answer = fetch(`http://127.0.0.1:${port}/open`, { method: 'POST' });
    while (slow.count() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const closed = gate.close();
    finish();
    expect(await (await answer).text()).toBe('late');
    await closed;
    server.closeAllConnections();
    server.close();
    await slow.close();
  });
});
