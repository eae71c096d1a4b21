/** The log lines of outages, for any number of them and any reasons. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCallFaults } from '../../src/redis/call-faults.js';
import { createOutageLog, type OutageLog } from '../../src/redis/outage-log.js';
import { readableLog } from './logs.js';

let lines: string[];
let reasons: string[];
let outages: OutageLog;

beforeEach(() => {
  vi.useFakeTimers();
  const readable = readableLog();
  ({ lines, reasons } = readable);
  outages = createOutageLog({ log: readable.log, now: () => Date.now(), fields: {} });
});
afterEach(() => {
  outages.close();
  vi.useRealTimers();
});

describe('an outage', () => {
  it('has one line when it begins, at most one a minute for other reasons, and one when it ends', () => {
    outages.begin('the connection was closed');
    for (let i = 0; i < 1000; i++) {
      outages.continue('connect ECONNREFUSED 127.0.0.1:6379');
      outages.continue('LOADING Redis is loading the dataset in memory');
      outages.continue(`WRONGPASS invalid username-password pair ${i}`);
      vi.advanceTimersByTime(100);
    }
    outages.end();
    expect(lines.filter((line) => line === 'Redis is unavailable')).toHaveLength(1);
    expect(lines.filter((line) => line === 'Redis is available again')).toHaveLength(1);
    // 100 seconds.
    expect(lines.length).toBeLessThanOrEqual(4);
    expect(reasons[1]).toMatch(/^LOADING/);
  });

  it('is not logged if there are many a second, unless it lasts; then the line has the number of the others', () => {
    for (let i = 0; i < 100; i++) {
      outages.begin('3 calls in a row had no reply in time');
      vi.advanceTimersByTime(50);
      outages.end();
    }
    expect(lines).toHaveLength(10);
    outages.begin('NOPERM this user has no permissions');
    expect(lines).toHaveLength(10);
    vi.advanceTimersByTime(5000);
    outages.end();
    expect(lines.slice(10)).toEqual(['Redis is unavailable', 'Redis is available again']);
    expect(reasons.at(-1)).toMatch(/^NOPERM/);
  });
});

describe('calls that fail alone', () => {
  it('are logged once a minute for each kind, independently of other kinds', () => {
    const readable = readableLog();
    const faults = createCallFaults({ log: readable.log, now: () => Date.now(), fields: {} });
    for (let i = 0; i < 100; i++) {
      faults.fail('count', 'ERR value is not an integer');
      faults.succeed('revision');
      faults.fail('revoke', 'NOPERM');
      faults.succeed('count');
    }
    expect(readable.lines).toEqual(['Redis calls fail', 'Redis calls fail', 'Redis calls succeed again']);
    vi.advanceTimersByTime(60_000);
    faults.fail('count', 'ERR value is not an integer');
    expect(readable.lines).toHaveLength(4);
  });
});
