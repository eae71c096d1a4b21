/** What the log has of a collector that fails, and how often. */
import { describe, expect, it } from 'vitest';
import { CollectorLog } from '../../../src/telemetry/tracing/collector-log.js';

describe('the log', () => {
  function createClock() {
    const lines: [string, number | undefined][] = [];
    const write = (fields: object, message: string): void => {
      lines.push([message, (fields as { lost_spans?: number }).lost_spans]);
    };
    const clock = { nowMs: 0 };
    const ignore = (): void => undefined;
    const log = new CollectorLog(
      { debug: ignore, info: write, warn: write, error: ignore },
      () => clock.nowMs,
    );
    return { log, lines, clock };
  }

  it('has a line a minute at most while the collector stays unavailable, with what was lost', () => {
    const { log, lines, clock } = createClock();
    for (; clock.nowMs < 150_000; clock.nowMs += 5000) log.failed('ECONNREFUSED', 100);
    log.succeeded();
    expect(lines).toEqual([
      ['the collector of traces is unavailable', 100],
      ['the collector of traces is still unavailable', 1200],
      ['the collector of traces is still unavailable', 1200],
      ['the collector of traces is available again', 500],
    ]);
  });

  it('has a line a minute at most where the collector fails again and again', () => {
    const { log, lines, clock } = createClock();
    for (; clock.nowMs < 120_000; clock.nowMs += 1000) {
      log.failed('it responds with 500', 1);
      log.succeeded();
    }
    expect(lines).toEqual([
      ['the collector of traces is unavailable', 1],
      ['the collector of traces is available again', 0],
      ['the collector of traces is unavailable', 60],
      ['the collector of traces is available again', 0],
    ]);
  });

  it('has a line a minute at most for spans that are dropped since the collector is slow', () => {
    const { log, lines, clock } = createClock();
    for (; clock.nowMs < 61_000; clock.nowMs += 10) log.dropped();
    expect(lines).toEqual([
      ['the collector of traces is too slow: spans are dropped', 1],
      ['the collector of traces is too slow: spans are dropped', 6000],
    ]);
  });
});
