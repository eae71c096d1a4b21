/** The kill switch: what is deleted or revoked at one gateway is refused by all within a second. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { runCommand } from '../support/command.js';
import { startGate, type TestGate } from '../support/gate.js';
import { createDatabase, type OwnDatabase } from '../support/postgres.js';
import { startRedis, type OwnRedis } from '../support/redis.js';
import {
  administer,
  bearer,
  createDatabaseFile,
  get,
  makeApp,
  issueToken,
  tokensIn,
  writeConfig,
  type DatabaseFile,
} from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';

const ROUNDS = Number(process.env['TOLLGATE_KILL_ROUNDS'] ?? 5);
/** The round before which Redis is killed, and after which it is available again, empty. */
const AWAY = 2;
const SAMPLE = { name: 'Sample', scopes: ['orders:read'] };

let redis: OwnRedis;
let database: OwnDatabase;
let folder: DatabaseFile;
let outside: TestIssuer;
let upstream: Server;
let config: Parameters<typeof startGate>[0];
let gates: TestGate[];

beforeAll(async () => {
  [redis, database, folder, outside] = await Promise.all([
    startRedis(),
    createDatabase(),
    createDatabaseFile(),
    createTestIssuer(),
  ]);
  upstream = createServer((req, res) => {
    if (req.url !== '/events') return void res.end('ok');
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
  });
  new WebSocketServer({ server: upstream });
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  config = {
    redis: { url: redis.url, key_prefix: 'kill:', timeout: '500ms' },
    tokens: tokensIn(await database.createSchema()),
    issuers: { outside: { issuer: outside.iss, jwks: outside.jwksUrl, audience: AUDIENCE, grants: ['*'] } },
    upstreams: { service: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` },
    routes: ['/free', '/counted', '/events', '/socket'].map((path) => ({
      match: `GET ${path}`,
      upstream: 'service',
      scope: 'orders:read',
      limit: path === '/counted' ? '100000 per 1h' : 'none',
    })),
  };
  gates = await startThree();
});

afterAll(async () => {
  await Promise.all(gates.map((gate) => gate.stop()));
  upstream.closeAllConnections();
  upstream.close();
  await Promise.all([outside.close(), redis.close(), database.drop(), folder.remove()]);
});

function startThree(): Promise<TestGate[]> {
  return Promise.all([1, 2, 3].map(() => startGate(config)));
}

const statuses = (token: string) =>
  Promise.all(gates.map(async (gate) => (await get(gate, '/free', token)).status));

/**
 * Sends requests to every gateway continuously while `act` runs; returns milliseconds from its start to the
 * last 200.
 */
async function lastPass(token: string, path: string, act: () => Promise<void>): Promise<number> {
  const start = performance.now();
  const asking = gates.map(async (gate) => {
    let lastMs = 0;
    // Goes on for a while after the first refusal: no request may be accepted after it.
    for (let refused = 0; refused < 10;) {
      if (performance.now() - start > 5000) return Infinity;
      const response = await get(gate, path, token);
      await response.text();
      if (response.status === 200) {
        lastMs = performance.now() - start;
        refused = 0;
      } else {
        expect(response.status).toBe(401);
        refused += 1;
      }
      await sleep(5);
    }
    return lastMs;
  });
  const [last] = await Promise.all([Promise.all(asking), act()]);
  return Math.max(...last);
}

it(
  `A deleted app is refused by every gateway within a second, ${ROUNDS} times of ${ROUNDS}, while Redis is unavailable, after it lost its data, and after a restart`,
  { timeout: 15_000 + ROUNDS * 3000 },
  async () => {
    const tookMs: number[] = [];
    const dead: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const by = gates[round % gates.length]!;
      const app = await makeApp(by, SAMPLE);
      const token = await issueToken(by, app);
      expect(await statuses(token)).toEqual([200, 200, 200]);
      if (round === AWAY) await redis.kill();
      tookMs.push(
        await lastPass(token, round % 2 ? '/counted' : '/free', async () => {
          const response = await administer(by, 'DELETE', `/api/apps/${app.key}`);
          expect(response.status).toBe(204);
        }),
      );
      if (round === AWAY) await redis.restart();
      dead.push(token);
    }
    console.log(`last pass after ${tookMs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    expect(Math.max(...tookMs)).toBeLessThan(1000);

    await Promise.all(gates.map((gate) => gate.stop()));
    gates = await startThree();
    for (const token of dead) expect(await statuses(token)).toEqual([401, 401, 401]);
    const living = await issueToken(gates[0]!, await makeApp(gates[1]!, SAMPLE));
    expect(await statuses(living)).toEqual([200, 200, 200]);
  },
);

it('Open event streams and WebSockets end within a second at the other gateways', async () => {
  const app = await makeApp(gates[0]!, SAMPLE);
  const token = await issueToken(gates[0]!, app);
  const events = await get(gates[1]!, '/events', token);
  const reader = events.body!.getReader();
  expect(Buffer.from((await reader.read()).value).toString()).toBe('data: 1\n\n');
  const socket = new WebSocket(`ws://127.0.0.1:${gates[2]!.port}/socket`, { headers: bearer(token) });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  const ends = Promise.all([
    reader.read().then(
      () => 'whole',
      () => 'cut',
    ),
    once(socket, 'close'),
  ]);
  const start = performance.now();
  expect((await administer(gates[0]!, 'DELETE', `/api/apps/${app.key}`)).status).toBe(204);
  expect((await ends)[0]).toBe('cut');
  expect(performance.now() - start).toBeLessThan(1000);
  const ended = () =>
    gates.slice(1).map(({ records }) => records.some(({ reason }) => reason === 'token_ended'));
  await expect.poll(ended).toEqual([true, true]);
});

it('An app of an external issuer is revoked at one gateway for all, and restored for all by the command', async () => {
  const token = outside.sign({ sub: 'app-1', scope: 'orders:read' });
  const other = outside.sign({ sub: 'app-2', scope: 'orders:read' });
  expect(await statuses(token)).toEqual([200, 200, 200]);
  const tookMs = await lastPass(token, '/free', async () => {
    const response = await administer(gates[1]!, 'POST', '/api/revocations', {
      app: 'app-1',
      issuer: 'outside',
    });
    expect(response.status).toBe(201);
  });
  expect(tookMs).toBeLessThan(1000);
  expect(await statuses(other)).toEqual([200, 200, 200]);

  const file = await writeConfig(folder.folder, { ...config, log: { level: 'silent' } });
  const args = ['apps', 'restore', 'app-1', '--issuer', 'outside', '-c', file];
  expect(await runCommand(args)).toEqual({ code: 0, stdout: 'restored app-1 at outside\n', stderr: '' });
  await expect.poll(() => statuses(token), { timeout: 1000 }).toEqual([200, 200, 200]);
});
