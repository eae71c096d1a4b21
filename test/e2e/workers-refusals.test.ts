/** Several workers: each keeps its own refusals, and any of them responds for all. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ExplainedRefusal, ListedRefusal } from '../../src/telemetry/refusal-json.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import { get, startWorkersGate, type WorkersGate } from '../support/workers-gate.js';

const REQUESTS = 24;
const SLOW_MS = 60_000;
const prefix = randomPrefix();
let folder: string;
let gate: WorkersGate;
let credential: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-refusals-'));
  gate = await startWorkersGate({
    file: join(folder, 'gateway.yaml'),
    cwd: folder,
    config: {
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      workers: 2,
      redis: { url: redisUrl(), key_prefix: prefix },
      upstreams: { service: 'http://127.0.0.1:9' },
      drain_timeout: '2s',
      routes: [{ match: 'GET /orders', upstream: 'service', public: true }],
    },
  });
  credential = (await readFile(join(folder, 'data', 'admin-token'), 'utf8')).trim();
}, SLOW_MS);

afterAll(async () => {
  await gate.command.close();
  await Promise.all([removeKeys(prefix), rm(folder, { recursive: true })]);
});

/** Over a connection of its own, so that either worker may respond. */
async function ask(path: string): Promise<Response> {
  return fetch(`${gate.adminUrl}/api/${path}`, {
    headers: { authorization: `Bearer ${credential}`, connection: 'close' },
  });
}

async function list(query = ''): Promise<readonly ListedRefusal[]> {
  return ((await (await ask(`refusals${query}`)).json()) as { refusals: ListedRefusal[] }).refusals;
}

it(
  'Any worker lists the refusals of both, and finds one of either',
  async () => {
    const responses = await Promise.all(
      Array.from({ length: REQUESTS }, (_, at) => get(gate.port, `/nowhere/${at}`)),
    );
    const ids = responses.map((response) => (typeof response === 'string' ? response : response.id));
    const workers = (await gate.untilLines('request', REQUESTS)).map(({ worker }) => worker);
    expect(new Set(workers)).toEqual(new Set([1, 2]));

    for (let time = 0; time < 8; time++) {
      const all = await list();
      expect(new Set(all.map(({ request_id }) => request_id))).toEqual(new Set(ids));
      expect(all.map(({ time: at }) => at)).toEqual(
        all
          .map(({ time: at }) => at)
          .sort()
          .reverse(),
      );
      expect(await list('?limit=5')).toEqual(all.slice(0, 5));
    }
    for (const id of ids) {
      const response = await ask(`refusals/${id}`);
      expect([response.status, await response.json()]).toMatchObject([
        200,
        { verdict: 'refuse', status: 404, reason: 'no_route', refusal: { request_id: id } },
      ]);
    }
    expect((await ask('refusals/unknown')).status).toBe(404);
  },
  SLOW_MS,
);

it(
  'The refusals of a worker that ended are gone, and the others stay',
  async () => {
    const lines = gate.lines('request');
    const idOf = (place: number): string =>
      String(lines.find(({ worker }) => worker === place)?.['request_id']);
    const [first, second] = [idOf(1), idOf(2)];
    const begun = gate.lines('worker started').length;
    process.kill(gate.pidOf(1), 'SIGKILL');
    await gate.untilLines('worker started', begun + 1);
    expect((await ask(`refusals/${first}`)).status).toBe(404);
    expect(((await (await ask(`refusals/${second}`)).json()) as ExplainedRefusal).status).toBe(404);
  },
  SLOW_MS,
);
