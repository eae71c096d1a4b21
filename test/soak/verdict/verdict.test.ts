/**
 * The soak's checks detect failures: each one fails on what it excludes, and not where a fault explains it.
 */
import { describe, expect, it } from 'vitest';
import type { LogLine } from '../gates.js';
import type { Attempt } from '../ledger.js';
import { LIMIT, WINDOW_MS } from '../environment.js';
import { createTimeline, type Subject, type Timeline } from '../timeline.js';
import { checkResponses } from './responses.js';
import { checkArrivals, checkCounts } from './limits.js';
import { checkAtRest } from './at-rest.js';
import { checkProblems } from './problems.js';

const AT = 1_000_000;

function faults(...list: readonly (readonly [Subject, string, fromMs: number, toMs: number])[]): Timeline {
  let now = 0;
  const timeline = createTimeline(() => now);
  for (const [subject, kind, fromMs, toMs] of list) {
    now = fromMs;
    const end = timeline.begin(subject, kind);
    now = toMs;
    end();
  }
  return timeline;
}

const NONE = faults();

function attempt(changes: Partial<Attempt> = {}): Attempt {
  return {
    ...{ id: 'soak-1', caller: 'reader', gate: 0, expected: [200], fromMs: AT, toMs: AT + 100 },
    ...{ isReused: true, status: 200, outcome: 'answered', ...changes },
  };
}

function line(changes: Partial<LogLine> = {}): LogLine {
  return { msg: 'request', time: '', level: 'info', client_request_id: 'soak-1', status: 200, ...changes };
}

describe('The request records', () => {
  it('agree where each request has one line with its status', () => {
    expect(checkResponses([attempt()], [[line()]], NONE).against).toEqual([]);
  });

  it.each([
    ['a request without a line', [attempt()], []],
    ['two lines for one request', [attempt()], [line(), line()]],
    ['another status in the log', [attempt()], [line({ status: 502 })]],
    ['a request that hung', [attempt({ status: undefined, outcome: 'hung' })], [line()]],
    ['a request without an end', [attempt({ status: undefined, outcome: undefined })], [line()]],
    ['an answer to a request that nobody sent', [], [line()]],
  ])('do not agree with %s', (_, attempts, lines) => {
    expect(checkResponses(attempts, [lines], NONE).against).toHaveLength(1);
  });

  it('may miss a line that was lost with its gateway, but no other', () => {
    const kill = (gate: number): Timeline => faults([`gateway ${gate}`, 'killed', AT + 300, AT + 900]);
    expect(checkResponses([attempt()], [[]], kill(0)).against).toEqual([]);
    expect(checkResponses([attempt()], [[]], kill(1)).against).toHaveLength(1);
  });
});

describe('A problem', () => {
  const against = (changes: Partial<Attempt>, reason: string, timeline: Timeline): number =>
    checkProblems([attempt(changes)], [[line({ reason })]], timeline).flatMap((finding) => finding.against)
      .length;

  it.each<[string, Partial<Attempt>, string, Subject, Subject]>([
    ['502', { status: 502 }, 'upstream_unreachable', 'target 1', 'redis'],
    ['504', { status: 504 }, 'upstream_timeout', 'target 1', 'issuer'],
    ['503 of a limit', { status: 503 }, 'limits_unavailable', 'redis', 'target 1'],
    ['503 of a key', { status: 503 }, 'keys_unavailable', 'issuer', 'redis'],
    ['refused connection', { status: undefined, outcome: 'refused' }, '', 'gateway 0', 'gateway 1'],
    ['connection cut without an answer', { status: undefined, outcome: 'cut' }, '', 'gateway 0', 'target 1'],
    ['answer cut short', { outcome: 'cut' }, '', 'target 1', 'redis'],
  ])('such as a %s needs its own fault, in its time', (_, changes, reason, cause, other) => {
    expect(against(changes, reason, NONE)).toBe(1);
    expect(against(changes, reason, faults([cause, 'killed', AT - 500, AT + 50]))).toBe(0);
    expect(against(changes, reason, faults([cause, 'killed', AT - 60_000, AT - 50_000]))).toBe(1);
    expect(against(changes, reason, faults([other, 'killed', AT - 500, AT + 50]))).toBe(1);
  });

  it('such as a connection cut without a response is not explained by a drain or a reload', () => {
    for (const kind of ['stopped', 'reloaded']) {
      const timeline = faults(['gateway 0', kind, AT - 500, AT + 50]);
      expect(against({ status: undefined, outcome: 'cut' }, '', timeline)).toBe(1);
    }
    const draining = faults(['gateway 0', 'stopped', AT - 500, AT + 50]);
    expect(against({ status: undefined, outcome: 'cut', isReused: false }, '', draining)).toBe(0);
  });

  it('such as a timeout may be caused by a stall alone, a lost connection to an upstream is not', () => {
    const stall = faults(['machine', 'stalled', AT - 500, AT + 50]);
    expect(against({ status: 504 }, 'upstream_timeout', stall)).toBe(0);
    expect(against({ status: 502 }, 'upstream_unreachable', stall)).toBe(1);
  });

  it('such as a 401 for a valid token, or a 429 without a limit, has no explanation', () => {
    const everything = faults(
      ['redis', 'killed', AT, AT + 1],
      ['issuer', 'unavailable', AT, AT + 1],
      ['target 0', 'hung', AT, AT],
    );
    expect(against({ status: 401 }, 'invalid_token', everything)).toBe(1);
    expect(against({ status: 429 }, 'rate_limited', everything)).toBe(1);
  });
});

describe('A limit', () => {
  const key = (app: string): string => `soak:{a:main:${app}}:x`;
  const counts = (app: string, times: readonly number[]) =>
    times.map((atMs) => ({ key: key(app), life: 0, atMs }));
  const arrivals = (app: string, times: readonly number[]) =>
    times.map((atMs, i) => ({ id: `${app}-${i}`, app, atMs }));
  const burst = (n: number): number[] => Array.from({ length: n }, (_, i) => AT + i);

  it('is exceeded by one more count within the window, and not by one at its end', () => {
    expect(checkCounts(counts('local-a', burst(LIMIT + 1))).against).toHaveLength(1);
    expect(checkCounts(counts('local-a', [...burst(LIMIT), AT + WINDOW_MS])).against).toEqual([]);
  });

  it('is exceeded by an uncounted arrival, where no outage permits it', () => {
    const check = (app: string, n: number, timeline: Timeline): number =>
      checkArrivals(arrivals(app, burst(n)), counts(app, burst(LIMIT)), timeline, {
        now: 2,
        of: () => 1,
      }).flatMap((finding) => finding.against).length;
    const outage = faults(['redis', 'stopped', AT - 100, AT + 100]);
    expect(check('local-a', LIMIT, NONE)).toBe(0);
    expect(check('local-a', LIMIT + 1, NONE)).toBeGreaterThan(0);
    expect(check('local-a', 3 * LIMIT, outage)).toBe(0);
    expect(check('local-a', 3 * LIMIT + 1, outage)).toBeGreaterThan(0);
    expect(check('closed-a', LIMIT + 1, outage)).toBeGreaterThan(0);
    expect(check('open-a', 50 * LIMIT, outage)).toBe(0);
    expect(check('open-a', LIMIT + 1, NONE)).toBeGreaterThan(0);
  });

  it('is not exceeded by a request that was sent to two targets', () => {
    const twice = arrivals('local-a', burst(LIMIT)).flatMap((one) => [one, one]);
    const findings = checkArrivals(twice, counts('local-a', burst(LIMIT)), NONE, { now: 2, of: () => 1 });
    expect(findings.flatMap(({ against }) => against)).toEqual([]);
  });
});

it('A gateway that keeps a socket or memory, or prints an error, is not at rest', () => {
  const MIB = 1024 * 1024;
  const check = (sockets: number, heapBytes: number, complaint = ''): number =>
    checkAtRest([complaint], [{ sockets: 7, heapBytes: 20 * MIB }], [{ sockets, heapBytes }]).flatMap(
      ({ against }) => against,
    ).length;
  expect(check(7, 25 * MIB)).toBe(0);
  expect(check(8, 25 * MIB)).toBe(1);
  expect(check(7, 60 * MIB)).toBe(1);
  expect(check(7, 25 * MIB, 'a warning')).toBe(1);
});
