/** A collector that is unavailable, slow or hung: requests do not notice, memory is bounded, and the log has few lines. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startCollector, type Collector } from '../support/collector.js';
import { startGate, type Config, type TestGate } from '../support/gate.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { until } from '../support/until.js';

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly lost_spans?: number;
  readonly reason?: string;
}

let collector: Collector;
let upstream: EchoUpstream;
let folder: string;

beforeAll(async () => {
  [collector, upstream] = await Promise.all([startCollector(), startEchoUpstream()]);
  folder = await mkdtemp(join(tmpdir(), 'tollgate-traces-'));
});
afterAll(async () => {
  await Promise.all([collector.close(), upstream.close(), rm(folder, { recursive: true })]);
});
beforeEach(() => {
  collector.clear();
  collector.respond(undefined);
});

let files = 0;

interface LoggedGate extends TestGate {
  /** The lines about the collector, complete when the gateway has stopped. */
  lines(): Promise<Line[]>;
}

async function startLogged(otlp: string): Promise<LoggedGate> {
  const file = join(folder, `${files++}.log`);
  const config: Config = {
    log: { level: 'info', file },
    drain_delay: '0s',
    upstreams: { echo: upstream.origin },
    routes: [{ match: '* /{path*}', upstream: 'echo', public: true, limit: 'none' }],
    tracing: { otlp, headers: { Authorization: 'Bearer canary' } },
  };
  const gate = await startGate(config);
  return {
    ...gate,
    async lines() {
      const text = await readFile(file, 'utf8');
      expect(text).not.toContain('canary');
      const parsed = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
      return parsed.filter(({ msg }) => /collector|spans/.test(msg));
    },
  };
}

/** Sends that many requests over few connections. Returns how long each took, sorted. */
async function flood(gate: TestGate, count: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const durations: number[] = [];
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const begun = performance.now();
      request({ port: gate.port, path: '/a', agent }, (response) => {
        expect(response.statusCode).toBe(200);
        response.resume().once('end', () => {
          durations.push(performance.now() - begun);
          resolve();
        });
      })
        .once('error', reject)
        .end();
    });
  const worker = async (): Promise<void> => {
    while (durations.length < count) await one();
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  agent.destroy();
  return durations.sort((a, b) => a - b);
}

it('10,000 requests while nothing listens are all served, and few lines have the number of lost spans', async () => {
  const gate = await startLogged('http://127.0.0.1:1');
  const durations = await flood(gate, 10_000);
  // A request that waited for the collector would wait for seconds.
  expect(durations[Math.floor(durations.length * 0.99)]).toBeLessThan(500);
  const begun = performance.now();
  await gate.stop();
  expect(performance.now() - begun).toBeLessThan(8000);
  const lines = await gate.lines();
  expect(lines.length).toBeLessThanOrEqual(4);
  expect(lines.reduce((sum, { lost_spans: lost = 0 }) => sum + lost, 0)).toBe(gate.records.length);
}, 60_000);

it('A collector that accepts and never responds neither delays requests nor keeps the gateway from ending', async () => {
  collector.respond(() => undefined);
  const gate = await startLogged(collector.origin);
  await flood(gate, 500);
  await until(() => collector.requests.length > 0);
  const durations = await flood(gate, 500);
  expect(durations[Math.floor(durations.length / 2)]).toBeLessThan(500);
  const begun = performance.now();
  await gate.stop();
  expect(performance.now() - begun).toBeLessThan(8000);
  const lines = await gate.lines();
  expect(lines.at(-1)).toMatchObject({ level: 'warn', msg: 'spans were not sent at the end' });
  expect(lines.reduce((sum, { lost_spans: lost = 0 }) => sum + lost, 0)).toBe(gate.records.length);
}, 30_000);

it('A collector whose responses never end has no connection left once it was given up, or the gateway has stopped', async () => {
  const open = new Set<ServerResponse>();
  collector.respond((res) => {
    open.add(res.writeHead(200));
    const dripping = setInterval(() => res.write(' '), 50);
    res.once('close', () => {
      clearInterval(dripping);
      open.delete(res);
    });
  });
  const gate = await startLogged(collector.origin);
  await flood(gate, 10);
  await until(() => open.size === 1);
  const [first] = open;
  await until(() => !open.has(first!), 15_000);
  await flood(gate, 10);
  await until(() => open.size > 0);
  await gate.stop();
  // Otherwise the process would not end.
  await until(() => open.size === 0);
}, 40_000);

it('A collector that fails has one line, and another when it works again', async () => {
  collector.respond((res) => res.writeHead(500).end('canary'));
  const gate = await startLogged(collector.origin);
  for (let i = 1; i <= 3; i++) {
    await flood(gate, 10);
    await until(() => collector.requests.length >= i);
  }
  collector.respond(undefined);
  await flood(gate, 10);
  await collector.untilSpans(10);
  await gate.stop();
  expect(await gate.lines()).toMatchObject([
    {
      level: 'warn',
      msg: 'the collector of traces is unavailable',
      reason: 'it responds with 500',
    },
    { level: 'info', msg: 'the collector of traces is available again' },
  ]);
});
