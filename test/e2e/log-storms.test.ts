/** Hundreds of failures a second: each has its access line, and of everything else the log has a few lines. */
import { createServer, connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serve } from '../../src/app/serve.js';
import { compileConfig } from '../../src/config/config.js';
import { tollgate } from '../../src/index.js';
import { LINES_PER_PERIOD } from '../../src/telemetry/limit-lines.js';
import { flood, type Flood } from '../support/flood.js';
import { ADMIN_TOKEN, startGate, type TestGate } from '../support/gate.js';
import { createDatabase, type OwnDatabase } from '../support/postgres.js';
import { freePort } from '../support/redis.js';
import { tokensIn } from '../support/token-gate.js';

interface Line {
  readonly msg: string;
  readonly of?: string;
  readonly lines?: number;
  readonly [field: string]: unknown;
}

let folder: string;
let database: OwnDatabase;
let proxy: DatabaseProxy;

beforeAll(async () => {
  [folder, database] = await Promise.all([mkdtemp(join(tmpdir(), 'tollgate-storms-')), createDatabase()]);
  proxy = await startProxy(await database.createSchema());
});

afterAll(async () => {
  proxy.stop();
  await Promise.all([database.drop(), rm(folder, { recursive: true })]);
});

interface DatabaseProxy {
  readonly url: string;
  stop(): void;
}

/** The database at a port that a test can close. */
async function startProxy(schema: string): Promise<DatabaseProxy> {
  const there = new URL(schema);
  const url = new URL(schema);
  [url.hostname, url.port] = ['127.0.0.1', String(await freePort())];
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = connect(Number(there.port), there.hostname);
    for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined));
    near.pipe(far).pipe(near);
  }).listen(Number(url.port), '127.0.0.1');
  await once(server, 'listening');
  return {
    url: url.href,
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function linesOf(file: string): Promise<Line[]> {
  const text = await readFile(file, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

/** How many lines have a message, and how many more there would have been. */
function countsOf(lines: readonly Line[], message: string): { written: number; leftOut: number } {
  const reports = lines.filter(({ of }) => of === message);
  return {
    written: lines.filter(({ msg }) => msg === message).length,
    leftOut: reports.reduce((sum, { lines: count = 0 }) => sum + count, 0),
  };
}

/** What a storm of this length may write of one kind: it may begin and end within a period. */
const mostLines = (ms: number): number => LINES_PER_PERIOD * (2 + Math.ceil(ms / 10_000));

const send = async (port: number, requests: number, bytes: Flood['bytes']): Promise<number> => {
  const begun = performance.now();
  await flood(port, { connections: 20, requests, bytes });
  return performance.now() - begun;
};

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: gate.test\r\n\r\n`;

/** Wrong credentials of another client at another address in each request. */
const login = (prefix: string) => (request: number) => {
  const body = `grant_type=client_credentials&client_id=${prefix}${request}&client_secret=wrong`;
  const address = `X-Forwarded-For: 10.${request >> 16}.${(request >> 8) & 255}.${request & 255}\r\n`;
  const head = `POST /connect/token HTTP/1.1\r\nHost: gate.test\r\n${address}Content-Length: ${body.length}\r\n`;
  return `${head}Content-Type: application/x-www-form-urlencoded\r\n\r\n${body}`;
};

it('failures of clients, of a target and of the database have few lines, and their access lines are complete', async () => {
  const file = join(folder, 'gate.log');
  const gate: TestGate = await startGate({
    log: { level: 'debug', file },
    trust_proxy: ['127.0.0.1'],
    tokens: { ...tokensIn(proxy.url), failed_attempts: { limit: '1 per 1m', cooldown: '1m' } },
    upstreams: { dead: `http://127.0.0.1:${await freePort()}` },
    routes: [{ match: 'GET /dead', upstream: 'dead', public: true }],
  });
  const ms = {
    'wrong credentials': await send(gate.port, 1000, login('a')),
    'no route has the path; this one is the nearest': await send(gate.port, 2000, get('/deed')),
    'a request failed at its target': await send(gate.port, 2000, get('/dead')),
  };
  proxy.stop();
  const failing = await send(gate.port, 500, login('b'));
  await gate.stop();

  const lines = await linesOf(file);
  expect(lines.filter(({ msg }) => msg === 'request')).toHaveLength(5500);
  for (const [message, took] of Object.entries(ms)) {
    const { written } = countsOf(lines, message);
    expect([message, written > 0]).toEqual([message, true]);
    expect(written).toBeLessThanOrEqual(mostLines(took));
  }
  const credentials = countsOf(lines, 'wrong credentials');
  expect(credentials.written + credentials.leftOut).toBe(1000);
  const cooldowns = countsOf(lines, 'too many failed attempts');
  expect(cooldowns.written + cooldowns.leftOut).toBe(1000);
  expect(cooldowns.written).toBeLessThanOrEqual(mostLines(ms['wrong credentials']));
  const failed = countsOf(lines, 'a token request failed');
  expect(failed.written + failed.leftOut).toBe(500);
  expect(failed.written).toBeLessThanOrEqual(mostLines(failing));
  const others = lines.filter(({ msg }) => msg !== 'request' && msg !== 'audit');
  const kinds = new Set(others.map(({ msg, level }) => `${msg} ${String(level)}`)).size;
  const whole = Object.values(ms).reduce((sum, each) => sum + each, failing);
  expect(others.length).toBeLessThanOrEqual(kinds * mostLines(whole));
}, 60_000);

it('a bug at each request has few lines', async () => {
  const file = join(folder, 'bugs.log');
  const { settings } = compileConfig(
    {
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      jwks_cache: false,
      log: { file },
      upstreams: { u: 'http://127.0.0.1:9' },
      routes: [{ match: 'GET /a', upstream: 'u', public: true }],
    },
    { env: {}, baseFolder: folder },
  );
  const gate = await serve({
    started: settings,
    load: () => Promise.resolve(settings),
    env: { TOLLGATE_ADMIN_TOKEN: ADMIN_TOKEN },
    watch() {
      throw new Error('a bug of the test');
    },
  });
  const begun = performance.now();
  const hit = async (): Promise<void> => {
    const socket = connect(gate.address.port, '127.0.0.1').on('error', () => undefined);
    socket.resume().end(get('/nowhere'));
    await once(socket, 'close');
  };
  for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 50 }, hit));
  const took = performance.now() - begun;
  await gate.stop();
  const { written, leftOut } = countsOf(await linesOf(file), 'internal error while handling a request');
  expect(written + leftOut).toBeGreaterThanOrEqual(500);
  expect(written).toBeLessThanOrEqual(mostLines(took));
});

it('a middleware that leaves no body to forward has few lines in the log of the application', async () => {
  const lines: string[] = [];
  const add = (_fields: object, message: string): void => void lines.push(message);
  const gate = await tollgate(
    {
      jwks_cache: false,
      upstreams: { u: 'http://127.0.0.1:9' },
      routes: [{ match: 'POST /open', upstream: 'u', public: true }],
    },
    { log: { debug: add, info: add, warn: add, error: add } },
  );
  const server = express().use(express.json(), gate).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as { port: number };
  const head =
    'POST /open HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
  const took = await send(address.port, 500, head);
  server.close();
  await gate.close();
  expect(lines.filter((message) => message === 'request')).toHaveLength(500);
  const written = lines.filter((message) => message === 'the request body cannot be forwarded').length;
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThanOrEqual(mostLines(took));
  expect(lines).toContain('log lines were left out');
});
