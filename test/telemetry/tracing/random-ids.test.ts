import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { RandomIds } from '../../../src/telemetry/tracing/random-ids.js';

it('Ids of traces and spans, and fractions, differ and have their form, over many blocks of random bytes', () => {
  const ids = new RandomIds(randomBytes);
  const traces = new Set<string>();
  const spans = new Set<string>();
  let sum = 0;
  const count = 5000;
  for (let i = 0; i < count; i++) {
    sum += ids.fraction();
    const traceId = ids.generateTraceId();
    const spanId = ids.generateSpanId();
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(spanId).toMatch(/^[0-9a-f]{16}$/);
    traces.add(traceId);
    spans.add(spanId);
  }
  expect([traces.size, spans.size]).toEqual([count, count]);
  expect(sum / count).toBeGreaterThan(0.45);
  expect(sum / count).toBeLessThan(0.55);
});

it('The first use of each kind has random bytes', () => {
  const ones = (size: number): Uint8Array => new Uint8Array(size).fill(255);
  expect(new RandomIds(ones).fraction()).toBeCloseTo(1, 6);
  expect(new RandomIds(ones).fraction()).toBeLessThan(1);
  expect(new RandomIds(ones).generateTraceId()).toBe('f'.repeat(32));
  expect(new RandomIds(ones).generateSpanId()).toBe('f'.repeat(16));
});
