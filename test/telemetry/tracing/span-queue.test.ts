/** How many spans wait for a collector, and what is written of those that cannot. */
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ExchangeRecord } from '../../../src/model/record.js';
import type { RequestHead } from '../../../src/model/request.js';
import { openTracing } from '../../../src/telemetry/tracing/tracing.js';
import { startCollector, type Collector } from '../../support/collector.js';
import { until } from '../../support/until.js';

let collector: Collector;

beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

const HEAD = {
  id: 'a',
  clientRequestId: undefined,
  clientIp: '192.0.2.1',
  method: 'GET',
  target: '/a',
  host: 'h',
  rawHeaders: [],
  forwardedProto: 'http',
  viaTrustedProxy: false,
} as unknown as RequestHead;

const RECORD: ExchangeRecord = {
  head: HEAD,
  route: undefined,
  endpoint: undefined,
  principal: undefined,
  status: 404,
  reason: 'no_route',
  detail: undefined,
  shadow: undefined,
  target: undefined,
  durationMs: 1,
  upstreamMs: undefined,
};

it('2048 spans wait at most for a collector that does not respond; the others are dropped and counted', async () => {
  const waiting: ServerResponse[] = [];
  collector.respond((res) => void waiting.push(res));
  const lines: [string, number | undefined][] = [];
  const write = (fields: { lost_spans?: number }, message: string): void => {
    lines.push([message, fields.lost_spans]);
  };
  const ignore = (): void => undefined;
  const tracing = openTracing(
    { url: `${collector.origin}/v1/traces`, service: undefined, sample: 1, headers: [] },
    {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      random: randomBytes,
      log: { debug: ignore, info: write, warn: write, error: ignore },
      instance: 'one',
      worker: undefined,
      tls: { ca: undefined, cert: undefined, key: undefined },
    },
  );
  const start = tracing.startTraces(false);
  const end = (): void => start(HEAD, performance.now()).end(RECORD);
  for (let i = 0; i < 10_000; i++) end();
  await until(() => waiting.length === 1);
  expect(lines).toEqual([['the collector of traces is too slow: spans are dropped', 1]]);
  collector.respond(undefined);
  waiting[0]?.end('{}');
  // 256 of them were in the request that was not decoded.
  await collector.untilSpans(2048 - 256);
  end();
  await tracing.close();
  expect(collector.spans).toHaveLength(2048 - 256 + 1);
  expect(lines.slice(1)).toEqual([['spans were not sent at the end', 10_000 - 2048 - 1]]);
});
