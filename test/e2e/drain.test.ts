/** Shutdown: SIGTERM under load loses no request, and ends in time. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startCommand, type RunningCommand } from '../support/command.js';
import { openRaw } from '../support/raw.js';
import { freePort } from '../support/redis.js';

let folder: string;
let service: Server;
let gate: RunningCommand;
let port: number;
let admin: string;
const held: (() => void)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-drain-'));
  service = createServer((req, res) => {
    if (req.url === '/held') held.push(() => res.end('held'));
    else if (req.url === '/stream')
      res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
    else setTimeout(() => res.end('answer'), 5);
  });
  new WebSocketServer({ server: service });
  await once(service.listen(0, '127.0.0.1'), 'listening');
});

afterAll(async () => {
  service.closeAllConnections();
  service.close();
  await rm(folder, { recursive: true });
});

afterEach(() => gate.close());

async function openGate(drainTimeout: string): Promise<void> {
  const adminPort = await freePort();
  port = await freePort();
  admin = `http://127.0.0.1:${adminPort}`;
  const file = join(folder, 'gateway.yaml');
  const config = {
    listen: `127.0.0.1:${port}`,
    admin: `127.0.0.1:${adminPort}`,
    upstreams: { service: `http://127.0.0.1:${(service.address() as AddressInfo).port}` },
    drain_timeout: drainTimeout,
    routes: [{ match: 'GET /{path}', upstream: 'service', public: true, limit: 'none' }],
  };
  await writeFile(file, JSON.stringify(config));
  gate = startCommand(['start', '-c', file]);
  await gate.until(/gateway started/);
}

interface Answer {
  readonly status: number;
  readonly connection: string | undefined;
}

function get(agent: Agent, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, agent }, (response: IncomingMessage) => {
      response.resume().once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, connection: response.headers.connection }),
      );
    });
    asked.once('error', reject).end();
  });
}

async function readiness(): Promise<number> {
  return fetch(`${admin}/readyz`).then((answer) => answer.status);
}

describe('SIGTERM', () => {
  it('under the load of keep-alive clients resets no client, closes after each response, and exits with code 0', async () => {
    await openGate('10s');
    const failures: string[] = [];
    let answered = 0;
    let closed = 0;
    // Each client keeps one connection until a response announces its end; then all clients stop opening new
    // ones.
    const clients = Array.from({ length: 24 }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let isOpen = true; isOpen;) {
        try {
          const { status, connection } = await get(agent, '/x');
          if (status !== 200) failures.push(`status ${status}`);
          answered += 1;
          isOpen = connection !== 'close';
          if (!isOpen) closed += 1;
        } catch (error) {
          failures.push(String(error));
          isOpen = false;
        }
      }
      agent.destroy();
    });
    while (answered < 240 && failures.length === 0) await sleep(20);
    gate.signal('SIGTERM');
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect(closed).toBe(24);
    expect(await gate.ended).toEqual({ code: 0, signal: null });
    expect(gate.stderr()).toBe('');
  });

  it('turns readiness off first, then closes the port, while requests in progress finish', async () => {
    await openGate('10s');
    expect(await readiness()).toBe(200);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const answer = get(agent, '/held');
    while (held.length === 0) await sleep(5);
    gate.signal('SIGTERM');
    await gate.until(/draining/);
    while ((await readiness()) !== 503) await sleep(5);
    expect((await fetch(`${admin}/healthz`)).status).toBe(200);
    const late = await fetch(`http://127.0.0.1:${port}/x`);
    expect([late.status, late.headers.get('connection')]).toEqual([200, 'close']);
    while (
      await fetch(`http://127.0.0.1:${port}/x`).then(
        () => true,
        () => false,
      )
    )
      await sleep(50);
    held.pop()?.();
    expect(await answer).toEqual({ status: 200, connection: 'keep-alive' });
    expect((await gate.ended).code).toBe(0);
  });

  it('still serves a request on an open connection during the drain, then closes the connection', async () => {
    await openGate('10s');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const slow = get(agent, '/held');
    const idle = openRaw(port, 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
    await idle.until(/answer$/);
    // The start of the request is already sent, or the gateway might close the connection as idle.
    idle.send('GET /x HTTP/1.1\r\n');
    while (held.length === 0) await sleep(5);
    // The gateway has read what was sent before this request.
    expect(await readiness()).toBe(200);
    gate.signal('SIGTERM');
    while ((await readiness()) !== 503) await sleep(5);
    idle.send('Host: a\r\n\r\n');
    expect(await idle.ended).toBe('end');
    expect(idle.text().match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    expect(idle.text().match(/\r\nConnection: close\r\n/gi)).toHaveLength(1);
    held.pop()?.();
    await slow;
    expect((await gate.ended).code).toBe(0);
  });

  it('resets no new connection of a load balancer that checks readiness four times a second', async () => {
    await openGate('10s');
    const failures: string[] = [];
    let isReady = true;
    const balancer = (async () => {
      while (isReady) {
        isReady = (await readiness()) === 200;
        await sleep(isReady ? 250 : 0);
      }
    })();
    let answered = 0;
    const clients = Array.from({ length: 24 }, async () => {
      const fresh = new Agent({ keepAlive: false });
      while (isReady) {
        await get(fresh, '/x').then(
          ({ status }) => (answered += Number(status === 200)),
          (error: unknown) => failures.push(String(error)),
        );
      }
    });
    while (answered < 240 && failures.length === 0) await sleep(20);
    gate.signal('SIGTERM');
    await Promise.all([balancer, ...clients]);
    expect(failures).toEqual([]);
    expect((await gate.ended).code).toBe(0);
  });

  it('cuts a stream, a tunnel and a pending request at the deadline, and exits with code 0', async () => {
    await openGate('1s');
    const stream = openRaw(port, 'GET /stream HTTP/1.1\r\nHost: a\r\n\r\n');
    await stream.until('data: 1');
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`);
    await once(socket, 'open');
    const cut = once(socket, 'close');
    const silent = openRaw(port, 'GET /held HTTP/1.1\r\nHost: a\r\n\r\n');
    const half = openRaw(port, 'GET /x HTTP/1.1\r\nHost');
    while (held.length === 0) await sleep(5);
    const begun = performance.now();
    gate.signal('SIGTERM');
    expect(await Promise.race([gate.ended, sleep(6000)])).toEqual({ code: 0, signal: null });
    const took = performance.now() - begun;
    expect(took).toBeGreaterThan(950);
    expect(took).toBeLessThan(3000);
    await Promise.all([stream.ended, silent.ended, half.ended, cut]);
    expect(stream.text()).not.toMatch(/0\r\n\r\n$/);
    held.length = 0;
  });

  it('stops a gateway with only idle connections at once', async () => {
    await openGate('30s');
    const agent = new Agent({ keepAlive: true });
    await Promise.all(Array.from({ length: 10 }, () => get(agent, '/x')));
    const begun = performance.now();
    gate.signal('SIGTERM');
    expect((await gate.ended).code).toBe(0);
    expect(performance.now() - begun).toBeLessThan(5000);
    agent.destroy();
  });
});
