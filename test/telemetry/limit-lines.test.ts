/** The bound of the operator's log: lines of one kind are counted instead of written when there are too many. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { limitLines, LINES_PER_PERIOD, type LimitedLog } from '../../src/telemetry/limit-lines.js';
import { createLog } from '../../src/telemetry/log.js';

type Line = Record<string, unknown>;

let lines: Line[];
let limited: LimitedLog;

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  const write = (level: string) => (fields: object, msg: string) =>
    void lines.push({ level, msg, ...fields });
  limited = limitLines({
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    isLevelEnabled: (level) => level !== 'debug',
  });
});

afterEach(() => {
  limited.flush();
  vi.useRealTimers();
});

it('writes the first lines of a kind, then their number once a period, also while they continue', () => {
  for (let i = 0; i < 5000; i++) limited.log.error({ request_id: `${i}` }, 'a token request failed');
  expect(lines.map(({ request_id: id }) => id)).toEqual(
    Array.from({ length: LINES_PER_PERIOD }, (_, i) => `${i}`),
  );
  vi.advanceTimersByTime(10_000);
  expect(lines.slice(LINES_PER_PERIOD)).toEqual([
    {
      level: 'error',
      of: 'a token request failed',
      lines: 5000 - LINES_PER_PERIOD,
      msg: 'log lines were left out',
    },
  ]);
  limited.log.error({ request_id: 'next' }, 'a token request failed');
  expect(lines.at(-1)).toMatchObject({ request_id: 'next' });
  vi.advanceTimersByTime(60_000);
  expect(lines).toHaveLength(LINES_PER_PERIOD + 2);
});

it('counts each part of the file by itself, so that one target hides no other', () => {
  for (let target = 0; target < 200; target++)
    for (let i = 0; i < 2; i++)
      limited.log.warn({ upstream: 'u', target: `http://t${target}` }, 'a target is down');
  expect(lines).toHaveLength(400);
});

it('does not count what differs only in what clients send', () => {
  for (let i = 0; i < 500; i++)
    limited.log.info({ client_ip: `10.0.0.${i}`, app: `${i}` }, 'wrong credentials');
  expect(lines).toHaveLength(LINES_PER_PERIOD);
});

it('is bounded also where the kinds are many', () => {
  for (let i = 0; i < 50_000; i++) limited.log.warn({ field: `${i}` }, 'a field');
  expect(lines.length).toBeLessThan(1100);
  limited.flush();
  expect(lines.at(-1)).toMatchObject({ of: 'a field', lines: 50_000 - 1000 - LINES_PER_PERIOD });
});

it('leaves out no line of the access log or of the audit log', () => {
  for (let i = 0; i < 500; i++) {
    limited.log.info({ action: 'app_created', app: `${i}` }, 'audit');
    limited.log.info({}, 'request');
  }
  expect(lines).toHaveLength(1000);
});

it('does nothing for a level that is not logged', () => {
  for (let i = 0; i < 500; i++) limited.log.debug({}, 'refusal explained');
  limited.flush();
  expect(lines).toEqual([]);
});

it('a log reports what it left out when it is closed', async () => {
  vi.useRealTimers();
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-limit-'));
  const file = join(folder, 'gate.log');
  const { log, close } = createLog({ level: 'info', file });
  for (let i = 0; i < 5000; i++) log.warn({ i }, 'a line');
  await close();
  const written = readFileSync(file, 'utf8').trimEnd().split('\n');
  rmSync(folder, { recursive: true });
  expect(written).toHaveLength(LINES_PER_PERIOD + 1);
  expect(JSON.parse(written.at(-1)!)).toMatchObject({ of: 'a line', lines: 5000 - LINES_PER_PERIOD });
});
