/** The metrics of a running gateway, checked by Prometheus's own tool. */
import { expect, it, onTestFinished } from 'vitest';
import { startGate } from '../support/gate.js';
import { hasPrometheus, promtool } from '../support/prometheus.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import { startEchoUpstream } from '../support/upstream.js';

it.skipIf(!hasPrometheus)('promtool finds no fault in the metrics of the gateway', async () => {
  const prefix = randomPrefix();
  const upstream = await startEchoUpstream();
  const gate = await startGate({
    redis: { url: redisUrl(), key_prefix: prefix, timeout: '5s' },
    metrics: { by_app: true },
    upstreams: { echo: upstream.origin },
    routes: [
      {
        match: 'GET /limited',
        upstream: 'echo',
        public: true,
        limit: { requests: 1, window: '5m', by: 'ip' },
      },
    ],
  });
  onTestFinished(async () => {
    await gate.stop();
    await Promise.all([upstream.close(), removeKeys(prefix)]);
  });
  for (const path of ['/limited', '/limited', '/nowhere']) await fetch(gate.url + path);
  const text = await (await fetch(`${gate.adminUrl}/metrics`)).text();
  expect(text).toContain('tollgate_requests_total{route="GET /limited",method="GET",status="2xx"} 1');
  // prom-client's own metrics of the process have names that the tool would not choose.
  const problems = promtool(['check', 'metrics'], text)
    .output.split('\n')
    .filter((line) => line !== '');
  expect(problems.filter((line) => !line.startsWith('nodejs_'))).toEqual([]);
  expect(promtool(['check', 'metrics'], `${text}tollgate_ready{ 1\n`).code).not.toBe(0);
});
