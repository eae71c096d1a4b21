/** Several workers: they act as one gateway, and the gateway survives the end of one. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand, startCommand } from '../support/command.js';
import { parseExposition, valueOf } from '../support/exposition.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import {
  get,
  startClient,
  startWorkersGate,
  type Client,
  type WorkersGate,
} from '../support/workers-gate.js';

const WORKERS = 2;
const LIMIT = 40;

let folder: string;
let upstream: EchoUpstream;
let gate: WorkersGate;
const prefix = randomPrefix();
const gates: WorkersGate[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-workers-'));
  upstream = await startEchoUpstream((req, res) => void setTimeout(() => res.end(req.url), 5));
  gate = await start();
});

afterAll(async () => {
  await Promise.all(gates.map(({ command }) => command.close()));
  await Promise.all([upstream.close(), removeKeys(prefix), rm(folder, { recursive: true })]);
});

function configWith(more: object = {}, routes: readonly object[] = []): object {
  return {
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    workers: WORKERS,
    redis: { url: redisUrl(), key_prefix: prefix, timeout: '5s', on_failure: 'closed' },
    upstreams: { echo: upstream.origin },
    drain_timeout: '5s',
    routes: [
      { match: 'GET /{path}', upstream: 'echo', public: true, limit: 'none' },
      {
        match: 'GET /counted/{id}',
        upstream: 'echo',
        public: true,
        limit: { requests: LIMIT, window: '5m', by: 'route' },
      },
      ...routes,
    ],
    ...more,
  };
}

async function start(more: object = {}): Promise<WorkersGate> {
  const started = await startWorkersGate({
    file: join(folder, `gate-${gates.length}.yaml`),
    cwd: folder,
    config: configWith(more),
  });
  gates.push(started);
  return started;
}

/** Keep-alive clients, each with the worker that has its connection, known from the log. */
async function settledClients(count: number): Promise<{ clients: Client[]; workerOf: Map<Client, number> }> {
  const clients = Array.from({ length: count }, () => startClient(gate.port, '/x'));
  return { clients, workerOf: await whoServes(clients) };
}

/** The worker of each client's connection, from the log line of a response on it. */
async function whoServes(clients: readonly Client[]): Promise<Map<Client, number>> {
  const asked = new Map<Client, string>();
  while (asked.size < clients.length) {
    for (const client of clients) {
      const id = client.latest();
      if (id !== undefined) asked.set(client, id);
    }
    await sleep(5);
  }
  for (;;) {
    const byId = new Map(gate.lines('request').map(({ request_id, worker }) => [request_id, worker]));
    const workers = clients.map((client) => byId.get(asked.get(client)));
    if (!workers.includes(undefined))
      return new Map(clients.map((client, at) => [client, Number(workers[at])]));
    await sleep(50);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Over enough connections that every worker has some of them. */
async function isAnsweredByAll(path: string): Promise<boolean> {
  const responses = await Promise.all(Array.from({ length: 16 }, () => get(gate.port, path)));
  return responses.every((response) => typeof response !== 'string' && response.status === 200);
}

/** A route that exists only after this change. */
function numbered(change: number): object {
  return { match: `GET /change/${change}`, upstream: 'echo', public: true, limit: 'none' };
}

/** A gateway starts one process after the other, which takes time on a shared machine. */
const SLOW_MS = 60_000;

describe('a gateway with two workers', { timeout: SLOW_MS }, () => {
  it('logs an insecure setting once, at the start and after a reload', async () => {
    const insecure = { targets: ['https://127.0.0.1:9'], tls: { insecure: true } };
    const upstreams = { echo: upstream.origin, insecure };
    const { command, change, untilLines } = await start({ upstreams });
    const message = 'an insecure setting is in force';
    const [line] = await untilLines(message, 1);
    expect(line).toMatchObject({ level: 'warn', key: 'upstreams.insecure.tls.insecure' });
    await change(configWith({ upstreams, token_cache: 77 }));
    command.signal('SIGHUP');
    expect(await untilLines(message, 2)).toHaveLength(2);
    command.signal('SIGTERM');
    await command.ended;
    expect(command.stdout().split(message)).toHaveLength(3);
  });

  it('counts a limit once, over all workers', async () => {
    const responses = await Promise.all(
      Array.from({ length: 3 * LIMIT }, () => get(gate.port, '/counted/1')),
    );
    const statuses = responses.map((response) => (typeof response === 'string' ? response : response.status));
    expect(statuses.filter((status) => status === 200)).toHaveLength(LIMIT);
    expect(statuses.filter((status) => status === 429)).toHaveLength(2 * LIMIT);
    const counted = (await gate.untilLines('request', responses.length)).map(({ worker }) => worker);
    expect(new Set(counted)).toEqual(new Set([1, 2]));
  });

  it('exposes the metrics of all workers at any of them', async () => {
    const agent = new Agent({ keepAlive: true });
    await Promise.all(Array.from({ length: 10 }, () => get(gate.port, '/x', agent)));
    const told = async (): Promise<string[]> => {
      const responses = Array.from({ length: 8 }, () => get(Number(new URL(gate.adminUrl).port), '/metrics'));
      return (await Promise.all(responses)).map((response) =>
        typeof response === 'string' ? response : response.body,
      );
    };
    while (!(await told()).every((text) => /^tollgate_connections 10$/m.test(text))) await sleep(50);
    for (const text of await told()) {
      expect(text).toMatch(/^tollgate_redis_up 1$/m);
      expect(text).toMatch(/^tollgate_config_reloads_total\{result="success"\} 0$/m);
      expect(text).toMatch(/^nodejs_version_info\{/m);
    }
    agent.destroy();
  });

  it('keeps the counts of a worker that is killed in its metrics, and has the versions once', async () => {
    const scrape = async () => {
      const response = await get(Number(new URL(gate.adminUrl).port), '/metrics');
      return parseExposition(typeof response === 'string' ? '' : response.body);
    };
    const labels = { route: 'GET /{path}', method: 'GET', status: '2xx' };
    const before = valueOf(await scrape(), 'tollgate_requests_total', labels) ?? 0;
    await Promise.all(Array.from({ length: 20 }, () => get(gate.port, '/counted-by-metrics')));
    const counted = async () => valueOf(await scrape(), 'tollgate_requests_total', labels) ?? 0;
    while ((await counted()) < before + 20) await sleep(20);
    const begun = gate.lines('worker started').length;
    const ended = gate.lines('worker ended').length;
    process.kill(gate.pidOf(1), 'SIGKILL');
    await gate.untilLines('worker started', begun + 1);
    const found = await scrape();
    expect(valueOf(found, 'tollgate_workers_ended_total')).toBe(ended + 1);
    expect(valueOf(found, 'tollgate_requests_total', labels)).toBe(before + 20);
    expect(found.get('tollgate_build_info')?.samples).toMatchObject([{ value: 1 }]);
    // A worker that does not respond in a second is left out of what is a state.
    const inFlightMax = async () => valueOf(await scrape(), 'tollgate_requests_in_flight_max');
    while ((await inFlightMax()) !== WORKERS * 10_000) await sleep(20);
  });

  it('loses only the requests of a worker that is killed, and replaces it', async () => {
    const { clients, workerOf } = await settledClients(20);
    const fresh = Array.from({ length: 4 }, () => startClient(gate.port, '/x', { keepAlive: false }));
    let serving = workerOf;
    const begun = gate.lines('worker started').length;
    const ended = gate.lines('worker ended').length;
    for (let death = 1; death <= 5; death += 1) {
      const place = 1 + (death % WORKERS);
      const lost = clients.filter((client) => serving.get(client) === place);
      const before = [...clients, ...fresh].map(({ failures }) => failures.length);
      process.kill(gate.pidOf(place), 'SIGKILL');
      await gate.untilLines('worker started', begun + death);
      serving = await whoServes(clients);
      // Each has at most one request in progress. No connection of the other worker, and no new one, fails.
      const failed = clients.filter(({ failures }, at) => failures.length > before[at]!);
      expect(failed.filter((client) => !lost.includes(client))).toEqual([]);
      for (const { failures } of failed) expect(failures.at(-1)?.before).toBeDefined();
      const counts = [...clients, ...fresh].map(({ failures }, at) => failures.length - before[at]!);
      expect(Math.max(...counts)).toBeLessThanOrEqual(1);
    }
    await Promise.all([...clients, ...fresh].map((client) => client.leave()));
    const failures = [...clients, ...fresh].flatMap((client) => client.failures);
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.map(({ what }) => what).filter((what) => what === 'HANG' || /^\d/.test(what))).toEqual(
      [],
    );
    expect(gate.lines('worker ended')).toHaveLength(ended + 5);
    expect(gate.lines('worker ended')[ended]).toMatchObject({ worker: 2, code: null, signal: 'SIGKILL' });
  });

  it('reloads every worker without a failed request, and reports an invalid file once', async () => {
    const clients = Array.from({ length: 12 }, () => startClient(gate.port, '/x'));
    const loaded = 'configuration reloaded';
    for (let change = 1; change <= 5; change += 1) {
      await gate.change(configWith({}, [numbered(change)]));
      gate.command.signal('SIGHUP');
      while (!(await isAnsweredByAll(`/change/${change}`))) await sleep(20);
    }
    const loadedBy = (await gate.untilLines(loaded, WORKERS * 5)).map(({ worker }) => worker);
    for (const place of [1, 2]) expect(loadedBy.filter((worker) => worker === place)).toHaveLength(5);

    await gate.change({ ...configWith(), sizes: 1 });
    gate.command.signal('SIGHUP');
    const refused = 'reload failed: the previous configuration stays in force';
    const [line] = await gate.untilLines(refused, 1);
    expect(line?.['problems']).toEqual([expect.stringMatching(/:1:\d+: unknown key "sizes"/)]);

    // A new worker begins with the file that the others have.
    const begun = gate.lines('worker started').length;
    process.kill(gate.pidOf(1), 'SIGKILL');
    await gate.untilLines('worker started', begun + 1);
    expect(await isAnsweredByAll('/change/5')).toBe(true);
    await Promise.all(clients.map((client) => client.leave()));
    expect(gate.lines(refused)).toHaveLength(1);
    expect(clients.flatMap(({ failures }) => failures).length).toBeLessThanOrEqual(clients.length);
  });

  it('drains all of them at SIGTERM: no request fails, and it exits with code 0', async () => {
    const failures: string[] = [];
    let closed = 0;
    const clients = Array.from({ length: 16 }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let isOpen = true; isOpen;) {
        await sleep(5);
        const response = await get(gate.port, '/x', agent);
        if (typeof response === 'string') failures.push(response);
        else if (response.status !== 200) failures.push(String(response.status));
        isOpen = typeof response !== 'string' && response.connection !== 'close';
        if (!isOpen) closed += 1;
      }
      agent.destroy();
    });
    await sleep(300);
    gate.command.signal('SIGTERM');
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect(closed).toBe(16);
    expect(await gate.command.ended).toEqual({ code: 0, signal: null });
    expect(gate.lines('gateway stopped').map(({ worker }) => worker)).toEqual(expect.arrayContaining([1, 2]));
    expect(gate.command.stderr()).toBe('');
  });
});

describe('the primary', { timeout: SLOW_MS }, () => {
  let supervised: WorkersGate;

  beforeAll(async () => {
    supervised = await start();
  });

  it('waits longer each time before it replaces a worker that keeps crashing', async () => {
    const { untilLines, lines, pidOf } = supervised;
    for (let death = 1; death <= 3; death += 1) {
      process.kill(pidOf(1), 'SIGKILL');
      await untilLines('worker started', WORKERS + death);
    }
    const pauses = lines('worker ended').map((line) => Number(line['replaced_in_ms']));
    // The first of them may have lived for a while.
    expect(pauses[0]).toBe(0);
    expect(pauses[2]).toBeGreaterThanOrEqual(500);
    expect(pauses[2]).toBeGreaterThan(pauses[1] ?? 0);
  });

  it('stops its workers when it is killed, and frees the port', async () => {
    const { command, pidOf, port } = supervised;
    const workers = [pidOf(1), pidOf(2)];
    expect(workers.map(isAlive)).toEqual([true, true]);
    command.signal('SIGKILL');
    await command.ended;
    while (workers.some(isAlive)) await sleep(20);
    const next = createServer().listen(port, '127.0.0.1');
    await once(next, 'listening');
    next.close();
  });

  it.each(['listen', 'admin'])(
    'reports once that the port of %s is taken, and exits with code 1',
    async (which) => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo;
      const file = join(folder, 'taken.yaml');
      await writeFile(file, JSON.stringify(configWith({ [which]: `127.0.0.1:${port}` })));
      const { code, stdout, stderr } = await runCommand(['start', '-c', file], { cwd: folder });
      other.close();
      expect(code).toBe(1);
      expect(stderr).toMatch(
        new RegExp(`^tollgate: 127\\.0\\.0\\.1:${port} is in use by another process[^\\n]*\\n$`),
      );
      expect(stdout).not.toContain('is open');
    },
  );

  it('leaves no worker behind when stopped during their start', async () => {
    const file = join(folder, 'early.yaml');
    await writeFile(file, JSON.stringify(configWith()));
    const command = startCommand(['start', '-c', file], { cwd: folder });
    await command.until(/gateway started/);
    command.signal('SIGTERM');
    // It has ended when no process has its standard output open.
    expect(await command.ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(command.stderr()).toBe('');
  });
});
