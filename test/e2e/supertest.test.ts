/** The promise to those with an Express application: the same file, as one of its middlewares. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import express, { type Express } from 'express';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ConfigError, tollgate, type GatewayConfig, type Tollgate } from '../../src/tollgate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type Echo, type EchoUpstream } from '../support/upstream.js';

let issuer: TestIssuer;
let upstream: EchoUpstream;
let folder: string;
let gates: Tollgate[] = [];
let token: string;

beforeAll(async () => {
  issuer = await createTestIssuer();
  upstream = await startEchoUpstream();
  folder = await mkdtemp(join(tmpdir(), 'tollgate-library-'));
});

afterAll(async () => {
  await Promise.all([issuer.close(), upstream.close(), rm(folder, { recursive: true })]);
});

beforeEach(() => {
  token = issuer.sign({ scope: 'storage:*', sub: `app-${Math.random()}` });
});

afterEach(async () => {
  await Promise.all(gates.map((gate) => gate.close()));
  gates = [];
});

function config(more: Partial<GatewayConfig> = {}): GatewayConfig {
  return {
    log: { level: 'error', file: join(folder, 'gate.log') },
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    upstreams: { echo: upstream.origin },
    routes: [
      { match: 'GET,POST /files/{id}', upstream: 'echo', scope: 'storage:read', limit: '2 per 1m' },
      { match: 'POST /open', upstream: 'echo', public: true, limit: 'none' },
    ],
    ...more,
  };
}

async function openGate(more?: Partial<GatewayConfig>): Promise<Tollgate> {
  const gate = await tollgate(config(more));
  gates.push(gate);
  return gate;
}

/** An application with the gate in it, and a page of its own behind. */
async function openApp(before?: (app: Express) => void, more?: Partial<GatewayConfig>): Promise<Express> {
  const app = express();
  before?.(app);
  app.use(await openGate(more));
  app.get('/own', (_req, res) => {
    res.send('my own page');
  });
  return app;
}

function listen(server: Server): Promise<number> {
  return once(server.listen(0, '127.0.0.1'), 'listening').then(() => (server.address() as AddressInfo).port);
}

describe('the gate as a middleware', () => {
  test('forwards what a route names, with the identity of the caller and the limit headers', async () => {
    const app = await openApp();
    const answer = await request(app).get('/files/7?x=%41').set('Authorization', `Bearer ${token}`);
    expect(answer.status).toBe(200);
    const { url, rawHeaders } = answer.body as Echo;
    expect(url).toBe('/files/7?x=%41');
    expect(rawHeaders).toContain('X-App-Id');
    expect(answer.headers).toMatchObject({ 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '1' });
    expect(answer.headers['x-request-id']).toBeDefined();
  });

  test('hands on to the next handler what no route names, untouched', async () => {
    const app = await openApp();
    const answer = await request(app).get('/own');
    expect([answer.status, answer.text]).toEqual([200, 'my own page']);
    expect(answer.headers).not.toHaveProperty('x-request-id');
    expect((await request(app).get('/nowhere')).text).toContain('Cannot GET /nowhere');
  });

  test('answers 404 itself where nothing stands behind it', async () => {
    const gate = await openGate();
    const answer = await request(createServer((req, res) => gate(req, res))).get('/nowhere');
    expect([answer.status, answer.text]).toEqual([
      404,
      '{"errors":[{"code":34,"message":"No such resource"}]}',
    ]);
  });

  test('refuses with the same answers as a gate of its own', async () => {
    const app = await openApp();
    const bearer = { Authorization: `Bearer ${token}` };
    const stranger = { Authorization: `Bearer ${issuer.sign({ scope: 'other:*' })}` };
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
      { errors: [{ code: 88, message: 'Rate limit exceeded' }] },
    ]);
    expect(refused.headers).toMatchObject({ 'x-ratelimit-remaining': '0' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
  });

  test('leaves a preflight for the page behind it alone, and answers one for a route', async () => {
    const cors = { origins: ['https://app.example'], headers: ['Authorization'] };
    const app = await openApp(undefined, { cors });
    app.options('/own', (_req, res) => void res.status(200).send('my own preflight'));
    const preflight = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'GET' };
    expect((await request(app).options('/own').set(preflight)).text).toBe('my own preflight');
    const answer = await request(app).options('/files/7').set(preflight);
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([
      204,
      'https://app.example',
    ]);
  });

  test('is mounted under a path with routes that begin there', async () => {
    const app = express();
    app.use('/api', await openGate());
    const answer = await request(app).get('/api/files/7').set('Authorization', `Bearer ${token}`);
    expect((answer.body as Echo).url).toBe('/files/7');
    expect((await request(app).get('/files/7')).status).toBe(404);
  });

  test('keeps what middlewares before it have set, beside the fields of the answer', async () => {
    const app = await openApp((app) =>
      app.use((_req, res, next) => {
        res.set('X-Before', 'yes').vary('Accept-Language').append('Set-Cookie', 'a=1');
        next();
      }),
    );
    const answer = await request(app).get('/files/7').set('Authorization', `Bearer ${token}`);
    expect(answer.headers).toMatchObject({ 'x-before': 'yes', vary: 'Accept-Language' });
    expect(answer.headers['set-cookie']).toEqual(['a=1']);
  });

  test('refuses too when a middleware before it has set fields', async () => {
    const app = await openApp((app) =>
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

  test('is a type that app.use and server.on accept as they are', async () => {
    const gate = await openGate();
    const app = express();
    app.use(gate);
    app.use('/below', gate);
    const server = createServer(app);
    server.on('upgrade', gate.upgrade);
    expect(gate).toBeTypeOf('function');
  });
});

describe('a body that a middleware before the gate has read', () => {
  async function post(app: Express, path = '/open') {
    return request(app).post(path).set('Content-Type', 'application/json').send('{ "a" : 1 }');
  }

  test('is sent on as it came when it was kept as rawBody', async () => {
    const app = await openApp((app) =>
      app.use(
        express.json({
          verify: (req, _res, bytes) => {
            (req as typeof req & { rawBody?: Buffer }).rawBody = bytes;
          },
        }),
      ),
    );
    const answer = await post(app);
    expect([answer.status, (answer.body as Echo).body]).toEqual([200, '{ "a" : 1 }']);
    expect((answer.body as Echo).rawHeaders.join('|')).toMatch(/content-length\|11/i);
  });

  test('is sent on as it came after express.raw()', async () => {
    const app = await openApp((app) => app.use(express.raw({ type: '*/*' })));
    const answer = await post(app);
    expect([answer.status, (answer.body as Echo).body]).toEqual([200, '{ "a" : 1 }']);
  });

  test('is refused with a clear error in the log when only an object is left of it, and never hangs', async () => {
    const app = await openApp((app) => app.use(express.json()));
    const before = upstream.count();
    const answer = await post(app);
    expect([answer.status, answer.body]).toEqual([
      500,
      { errors: [{ code: 500, message: 'Internal error' }] },
    ]);
    expect(upstream.count()).toBe(before);
    await Promise.all(gates.splice(0).map((gate) => gate.close()));
    expect(await readFile(join(folder, 'gate.log'), 'utf8')).toMatch(
      /"msg":"a middleware before the gate has parsed .*mount the gate before express\.json/,
    );
  });

  test('is refused rather than sent decoded under its old coding', async () => {
    const app = await openApp((app) => app.use(express.raw({ type: '*/*' })));
    const answer = await request(app)
      .post('/open')
      .set('Content-Encoding', 'gzip')
      .set('Content-Type', 'application/json')
      .serialize((bytes) => bytes as string)
      .send(gzipSync('{"a":1}') as unknown as string);
    expect(answer.status).toBe(500);
  });

  test('is streamed as usual where the parser had no interest in its type', async () => {
    const app = await openApp((app) => app.use(express.json()));
    const answer = await request(app).post('/open').set('Content-Type', 'text/plain').send('plain words');
    expect([answer.status, (answer.body as Echo).body]).toEqual([200, 'plain words']);
  });

  test('may be empty: a POST without a byte passes behind any parser', async () => {
    const app = await openApp((app) => app.use(express.json()));
    const answer = await request(app)
      .post('/open')
      .set('Content-Type', 'application/json')
      .set('Content-Length', '0');
    expect([answer.status, (answer.body as Echo).body]).toEqual([200, '']);
  });

  test('is bound by max_body as if the gate had read it', async () => {
    const app = await openApp((app) => app.use(express.raw({ type: '*/*' })), {
      defaults: { max_body: '8b' },
    });
    expect((await post(app)).status).toBe(413);
  });

  test('of a request that the gate refuses does not matter', async () => {
    const app = await openApp((app) => app.use(express.json()));
    expect((await post(app, '/files/7')).status).toBe(401);
  });
});

describe('WebSockets of a mounted gate', () => {
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

  test('take the same way: with a token to the upstream, without one a 401', async () => {
    const gate = await openGate({
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
  test('reads a file like the command does, with paths and listeners left out', async () => {
    const file = join(folder, 'gateway.yaml');
    await writeFile(file, JSON.stringify(config()));
    const gate = await tollgate(file);
    gates.push(gate);
    const answer = await request(express().use(gate)).get('/files/7').set('Authorization', `Bearer ${token}`);
    expect(answer.status).toBe(200);
  });

  test('rejects a bad object with a ConfigError that has every problem, placed by its key', async () => {
    const bad = config({ routes: [{ match: 'GET /x', upstream: 'nobody', public: true }] });
    const error: unknown = await tollgate({ ...bad, listn: 1 } as GatewayConfig).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConfigError);
    const { problems, message } = error as ConfigError;
    expect(problems.map(String).join('\n')).toMatch(/routes\[0\]\.upstream/);
    expect(problems.map(String).join('\n')).toMatch(/unknown key "listn"; did you mean "listen"\?/);
    expect(message).toContain('listn');
  });

  test('closes at once when nothing is under way, and lets what is under way end', async () => {
    let finish: () => void = () => undefined;
    const slow = await startEchoUpstream((_req, res) => (finish = () => res.end('late')));
    const gate = await openGate({ upstreams: { echo: slow.origin } });
    const server = createServer(express().use(gate));
    const port = await listen(server);
    const answer = fetch(`http://127.0.0.1:${port}/open`, { method: 'POST' });
    while (slow.count() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const closed = gate.close();
    finish();
    expect(await (await answer).text()).toBe('late');
    await closed;
    gates = [];
    server.closeAllConnections();
    server.close();
    await slow.close();
  });
});
