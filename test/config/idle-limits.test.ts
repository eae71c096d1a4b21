/** Limits that never refuse, because another limit of the route is reached first. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mostIn } from '../../src/config/check/idle-limits.js';
import { load, onRoute, onTop, VALID } from './planted.js';

async function warningsOf(text: string): Promise<string[]> {
  return (await load(text)).warnings.map(({ line, column, text: words }) => `${line}:${column}: ${words}`);
}

const idle = (limit: string, other: string, most: number, window: string) =>
  `${limit} never refuses a request, since ${other} admits at most ${most} in any ${window}; remove one of them`;

describe('check warns of an idle limit', () => {
  it.each([
    ['[10 per 1m, 700 per 1h]', '9:24', idle('700 per 1h', '10 per 1m', 600, '1h')],
    ['[10 per 1m, 600 per 1h]', '9:24', idle('600 per 1h', '10 per 1m', 600, '1h')],
    ['[10 per 1h, 20 per 1m]', '9:24', idle('20 per 1m', '10 per 1h', 10, '1m')],
    ['[20 per 90s, 10 per 1m]', '9:13', idle('20 per 90s', '10 per 1m', 20, '90s')],
    [
      '[{requests: 10, window: 1m, by: ip}, {requests: 700, window: 1h, by: ip}]',
      '9:49',
      idle('700 per 1h', '10 per 1m', 600, '1h'),
    ],
    [
      '[10 per 1m, {requests: 700, window: 1h, shadow: true}]',
      '9:24',
      idle('700 per 1h', '10 per 1m', 600, '1h'),
    ],
  ])('in %s', async (limit, place, text) => {
    expect(await warningsOf(onRoute(`limit: ${limit}`))).toEqual([`${place}: ${text}`]);
  });

  it.each([
    ['that is reached', '[10 per 1m, 599 per 1h]'],
    ['that counts by something else', '[10 per 1m, {requests: 700, window: 1h, by: ip}]'],
    ['beside one in shadow', '[{requests: 10, window: 1m, shadow: true}, 700 per 1h]'],
    ['by itself', '10 per 1m'],
  ])('but not of one %s', async (_what, limit) => {
    expect(await warningsOf(onRoute(`limit: ${limit}`))).toEqual([]);
  });

  it('and not of a shared one that also counts other routes', async () => {
    const shared = '{requests: 700, window: 1h, share: all}';
    const other = `  - {match: GET /b, upstream: api, scope: b, limit: ${shared}}\n`;
    expect(await warningsOf(`${onRoute(`limit: [10 per 1m, ${shared}]`)}${other}`)).toEqual([]);
    expect(await warningsOf(onRoute(`limit: [10 per 1m, ${shared}]`))).toHaveLength(1);
  });

  it('of the defaults once, whatever the number of routes', async () => {
    const other = '  - {match: GET /b, upstream: api, scope: b}\n';
    expect(await warningsOf(`${onTop('defaults: {limit: [10 per 1m, 700 per 1h]}')}${other}`)).toEqual([
      `1:31: ${idle('700 per 1h', '10 per 1m', 600, '1h')}`,
    ]);
    expect(await warningsOf(VALID)).toEqual([]);
  });
});

const limits = fc.record({
  requests: fc.integer({ min: 1, max: 5 }),
  windowMs: fc.integer({ min: 1, max: 12 }),
});

/** Whether a request at `at` is admitted after the earlier ones: the window excludes its own beginning. */
const admits = (
  { requests, windowMs }: { requests: number; windowMs: number },
  earlier: readonly number[],
  at: number,
) => earlier.filter((each) => each > at - windowMs).length < requests;

describe('mostIn', () => {
  it('is never exceeded by what a limit admits', () => {
    fc.assert(
      fc.property(
        limits,
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.nat(3), { maxLength: 80 }),
        (limit, windowMs, gaps) => {
          const admitted: number[] = [];
          let at = 0;
          for (const gap of gaps) {
            at += gap;
            if (admits(limit, admitted, at)) admitted.push(at);
            expect(admitted.filter((each) => each > at - windowMs).length).toBeLessThanOrEqual(
              mostIn(windowMs, limit),
            );
          }
        },
      ),
    );
  });

  it('is reached by callers who exhaust the limit as early as they can', () => {
    fc.assert(
      fc.property(limits, fc.integer({ min: 1, max: 30 }), (limit, windowMs) => {
        const admitted: number[] = [];
        for (let at = 0; at < windowMs; at++) while (admits(limit, admitted, at)) admitted.push(at);
        expect(admitted).toHaveLength(mostIn(windowMs, limit));
      }),
    );
  });
});
