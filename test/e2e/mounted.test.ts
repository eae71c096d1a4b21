/**
 * A gateway mounted in an application: the application gets safe fields, and sees where the gateway is
 * mounted.
 */
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { tollgate, type GatewayConfig, type Tollgate, type TollgateOptions } from '../../src/index.js';
import { createLibrary, type Library } from '../support/library.js';

let library: Library;
let sockets: WebSocketServer;
let config: GatewayConfig;
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  library = await createLibrary();
  sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  sockets.on('connection', (socket, req) => socket.send(req.url ?? ''));
  await once(sockets, 'listening');
  const { port } = sockets.address() as AddressInfo;
  config = library.config({
    upstreams: {
      echo: { targets: [library.upstream.origin], headers: { set: { 'X-User-Email': '{claims.email}' } } },
      sockets: `http://127.0.0.1:${port}`,
    },
    routes: [
      { match: 'POST /open', upstream: 'echo', public: true, limit: 'none' },
      { match: 'GET /socket', upstream: 'sockets', public: true, limit: 'none' },
      { match: 'GET /deep/{path*}', upstream: 'sockets', public: true, limit: 'none' },
    ],
  });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const each of open.splice(0)) await each.close();
});

afterAll(async () => {
  sockets.close();
  await library.close();
});

async function openGate(options?: TollgateOptions): Promise<Tollgate> {
  const gate = await tollgate(config, options);
  open.push(gate);
  return gate;
}

async function listen(server: Server, gate: Tollgate): Promise<string> {
  server.on('upgrade', gate.upgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ close: () => (server.closeAllConnections(), server.close()) });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The path that the upstream received, or the status of the refusal. */
async function dial(host: string, path: string): Promise<string | number> {
  const socket = new WebSocket(`ws://${host}${path}`);
  socket.on('error', () => undefined);
  const seen = await Promise.race([
    once(socket, 'message').then(([message]) => (message as Buffer).toString()),
    once(socket, 'unexpected-response').then(([, response]) => (response as IncomingMessage).statusCode ?? 0),
  ]);
  socket.terminate();
  return seen;
}

describe('a request that matches no route', () => {
  it('reaches the application without identity fields, in any spelling and any place', async () => {
    const app = express();
    app.use((req, _res, next) => {
      // Middleware that read them before the gateway does not see them after it.
      expect(req.headers['x-app-id']).toBeDefined();
      next();
    });
    app.use(await openGate());
    app.use((req, res) => {
      res.json([req.headers, req.headersDistinct, req.rawHeaders]);
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const forged = [
      'X-App-Id',
      'x-app-id',
      'X_App_Id',
      'X-APP-NAME',
      'x.app.id',
      'X-Token-Scopes',
      'X_TOKEN-subject',
      'X-App-Anything',
      'X-User-Email',
      'x_user.EMAIL',
    ];
    const headers = [
      ...forged.flatMap((name) => [name, 'forged']),
      'X-Application',
      'kept',
      'Host',
      'app.test',
    ];
    const asked = httpRequest({ port, path: '/own', headers }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const text = Buffer.concat(await response.toArray()).toString();
    server.close();
    expect(text).not.toContain('forged');
    expect(text.split('kept')).toHaveLength(4);
    expect(text.split('app.test')).toHaveLength(4);
  });
});

describe('a gateway under a path', () => {
  async function mounted(app: Express, path: string, options?: TollgateOptions): Promise<string> {
    const gate = await openGate(options);
    app.use(path, gate);
    app.use((req, res) => void res.send(`own ${req.url}`));
    return listen(createServer(app), gate);
  }

  it('that is configured accepts WebSockets below it, and no others', async () => {
    const host = await mounted(express(), '/api', { mount: '/api/' });
    expect(await dial(host, '/api/socket?a=1')).toBe('/socket?a=1');
    expect(await dial(host, '/api/deep/x')).toBe('/deep/x');
    expect(await dial(host, '/socket')).toBe(404);
    expect(await dial(host, '/apisocket')).toBe(404);
    expect(await dial(host, '/deep/api/socket')).toBe(404);
    expect(await (await fetch(`http://${host}/api/open`, { method: 'POST' })).json()).toMatchObject({
      url: '/open',
    });
  });

  it('that is not configured is learned from the first request', async () => {
    const host = await mounted(express(), '/api');
    expect(await (await fetch(`http://${host}/api/nothing`)).text()).toBe('own /api/nothing');
    expect(await dial(host, '/api/socket')).toBe('/socket');
    expect(await dial(host, '/socket')).toBe(404);
  });

  it('also applies to requests whose path was not stripped, and later handlers see the original path', async () => {
    const gate = await openGate({ mount: '/api' });
    const server = createServer((req, res) => gate(req, res, () => res.end(`own ${req.url ?? ''}`)));
    const host = await listen(server, gate);
    const post = async (path: string) => (await fetch(`http://${host}${path}`, { method: 'POST' })).text();
    expect(await post('/api/open')).toContain('"/open"');
    expect(await post('/open')).toBe('own /open');
    expect(await post('/api/other')).toBe('own /api/other');
    const alone = await listen(
      createServer((req, res) => gate(req, res)),
      gate,
    );
    expect((await fetch(`http://${alone}/open`, { method: 'POST' })).status).toBe(404);
  });

  it('must be a valid path', async () => {
    await expect(tollgate(config, { mount: 'api' })).rejects.toThrow('mount must be a path');
  });
});

it('A gateway with an insecure setting logs it at its start and after a reload', async () => {
  const insecure = { targets: ['https://127.0.0.1:9'], tls: { insecure: true } };
  const warned: object[] = [];
  const ignore = (): void => undefined;
  const warn = (fields: object): void => void warned.push(fields);
  const upstreams = { ...config.upstreams, insecure };
  const log = { debug: ignore, info: ignore, warn, error: ignore };
  const gate = await tollgate({ ...config, upstreams }, { log });
  open.push(gate);
  const line = {
    key: 'upstreams.insecure.tls.insecure',
    problem: 'the certificates of the targets are not verified',
  };
  expect(warned).toEqual([line]);
  await gate.reload();
  expect(warned).toEqual([line, line]);
});

describe('a body that was parsed before the gateway', () => {
  async function post(): Promise<{ text: string; lines: string[] }> {
    const lines: string[] = [];
    const add = (fields: object, message: string): void =>
      void lines.push(`${message} ${JSON.stringify(fields)}`);
    const app = express();
    app.use(express.json(), await openGate({ log: { debug: add, info: add, warn: add, error: add } }));
    const { text } = await request(app).post('/open').send({ a: 1 });
    return { text, lines };
  }

  it('is explained in the response and in the log of the application', async () => {
    const { text, lines } = await post();
    expect(text).toContain('mount the gateway before express.json()');
    expect(lines.some((line) => line.startsWith('the request body cannot be forwarded'))).toBe(true);
    expect(lines.some((line) => /^request .*"route":"POST \/open".*"status":500/.test(line))).toBe(true);
  });

  it('is explained only in the log in production', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const { text, lines } = await post();
    expect(text).toBe('{"errors":[{"code":500,"message":"Internal error"}]}');
    expect(lines.some((line) => line.startsWith('the request body cannot be forwarded'))).toBe(true);
  });
});
