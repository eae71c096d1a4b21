/** Tracing in whole processes: what is loaded without it, and several workers. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCollector, type Collector } from '../support/collector.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { get, startWorkersGate } from '../support/workers-gate.js';

const CHILD = new URL('../support/loaded-scripts.mjs', import.meta.url).pathname;

let collector: Collector;
let upstream: EchoUpstream;

beforeAll(async () => {
  [collector, upstream] = await Promise.all([startCollector(), startEchoUpstream()]);
});
afterAll(() => Promise.all([collector.close(), upstream.close()]));

const configOf = (more: object): object => ({
  listen: '127.0.0.1:0',
  admin: '127.0.0.1:0',
  jwks_cache: false,
  upstreams: { echo: upstream.origin },
  routes: [{ match: 'GET /{path*}', upstream: 'echo', public: true, limit: 'none' }],
  ...more,
});

describe('a gateway', () => {
  /** The packages of OpenTelemetry that a process has loaded when it has served a request and stopped. */
  async function packagesLoaded(more: object): Promise<string[]> {
    const config = configOf({ log: { level: 'silent' }, drain_timeout: '0s', ...more });
    const child = fork(CHILD, [JSON.stringify(config)], { execArgv: [] });
    const [scripts] = (await once(child, 'message')) as [string[]];
    await once(child, 'exit');
    expect(scripts.some((url) => url.endsWith('/dist/gateway.js'))).toBe(true);
    const names = scripts.map((url) => /@opentelemetry\/([^/]+)\/|\/(telemetry\/tracing)\//.exec(url));
    return [...new Set(names.flatMap((found) => found?.[1] ?? found?.[2] ?? []))].sort();
  }

  it('loads nothing of OpenTelemetry without tracing, except the API that prom-client loads', async () => {
    expect(await packagesLoaded({})).toEqual(['api']);
  });

  it('ends soon after it has stopped, also while its collector does not respond', async () => {
    collector.respond(() => undefined);
    const config = configOf({
      log: { level: 'silent' },
      drain_timeout: '0s',
      tracing: { otlp: collector.origin },
    });
    const child = fork(CHILD, [JSON.stringify(config)], { execArgv: [] });
    await once(child, 'message');
    const stoppedMs = performance.now();
    await once(child, 'exit');
    expect(performance.now() - stoppedMs).toBeLessThan(1500);
    collector.respond(undefined);
  });

  it('loads it with tracing, and has sent its spans when it has ended', async () => {
    collector.clear();
    expect(await packagesLoaded({ tracing: { otlp: collector.origin } })).toEqual(
      expect.arrayContaining(['exporter-trace-otlp-http', 'resources', 'sdk-trace', 'telemetry/tracing']),
    );
    expect(collector.spans).toHaveLength(1);
  });
});

it('Each worker sends its own spans, under a name of its own, and the access log has their trace ids', async () => {
  collector.clear();
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-traces-'));
  const prefix = randomPrefix();
  const gate = await startWorkersGate({
    file: join(folder, 'gateway.json'),
    cwd: folder,
    config: configOf({
      workers: 2,
      redis: { url: redisUrl(), key_prefix: prefix },
      drain_timeout: '1s',
      tracing: { otlp: collector.origin, service: 'edge' },
    }),
  });
  const bothServed = (): boolean =>
    new Set(collector.spans.map(({ resource }) => resource['tollgate.worker'])).size === 2;
  for (let i = 0; i < 400 && !bothServed(); i++) await get(gate.port, `/${i}`);
  gate.command.signal('SIGTERM');
  await gate.command.ended;
  const instances = new Map(
    collector.spans.map(({ resource }) => [resource['tollgate.worker'], resource['service.instance.id']]),
  );
  expect([...instances.keys()].sort()).toEqual([1, 2]);
  expect(new Set(instances.values()).size).toBe(2);
  expect(collector.spans[0]?.resource['service.name']).toBe('edge');
  const logged = gate.lines('request').map((line) => line['trace_id']);
  expect(new Set(logged)).toEqual(new Set(collector.spans.map(({ traceId }) => traceId)));
  await removeKeys(prefix);
  await rm(folder, { recursive: true });
});
