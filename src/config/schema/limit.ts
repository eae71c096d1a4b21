/** The schema of limits: `10 per 2m`, the long form, a list of both, or `none`. */
import { z } from 'zod';
import { ParseError } from '../problem.js';
import {
  count,
  DAY_MS,
  duration,
  flag,
  given,
  list,
  name,
  parseDuration,
  phrase,
  SECOND_MS,
} from './values.js';

const FORM = 'a limit such as "10 per 2m", its long form {requests, window, by}, a list of these, or none';
const MAX_REQUESTS = 1_000_000_000;
const WINDOW = { leastMs: SECOND_MS, mostMs: 366 * DAY_MS };

/** One limit of the file. */
export interface RawLimit {
  readonly requests: number;
  /** Milliseconds. */
  readonly window: number;
  readonly by?: 'app' | 'ip' | 'route' | undefined;
  readonly share?: string | undefined;
  readonly shadow?: boolean | undefined;
  readonly name?: string | undefined;
}

/** Parses `10 per 2m`; the window may be from 1 s to 366 days. */
export function parseLimit(text: string): RawLimit | ParseError {
  const [, requests, window = ''] = /^(\d+) +per +(\S+)$/.exec(text.trim()) ?? [];
  if (requests === undefined) return new ParseError(`must be ${FORM}; "${text}" is none of these`);
  if (Number(requests) < 1 || Number(requests) > MAX_REQUESTS) {
    return new ParseError(`must admit from 1 to ${MAX_REQUESTS} requests`);
  }
  const windowMs = parseDuration(window);
  if (windowMs instanceof ParseError)
    return new ParseError(`must have a window such as 30s, 2m, 1h or 1d after "per"`);
  if (windowMs < WINDOW.leastMs || windowMs > WINDOW.mostMs) {
    return new ParseError('must have a window from 1s to 366d');
  }
  return { requests: Number(requests), window: windowMs };
}

/** A String of RFC 9651 3.3.3. */
const limitName = z.string({ error: given('must be a text such as daily') }).regex(/^[\x20-\x7e]{1,64}$/, {
  error: 'must be from 1 to 64 printable ASCII characters, since header fields carry it',
});

const longForm = z.strictObject({
  requests: count(1, MAX_REQUESTS).describe('The most requests in any interval of that length.'),
  window: duration(WINDOW).describe('The length of the window, from 1s: 30s, 2m, 1h, 1d.'),
  by: z
    .enum(['app', 'ip', 'route'], { error: given('must be app, ip or route') })
    .optional()
    .describe(
      'What it counts by: each app (the default on a route with scope), each client address (the default on a ' +
        'public route), or all callers of the route together.',
    ),
  share: name().optional().describe('A name by which several routes share one count.'),
  shadow: flag()
    .optional()
    .describe(
      'true: a request beyond the limit is let through and recorded; no limit headers are sent for it.',
    ),
  name: limitName
    .optional()
    .describe('How RateLimit, RateLimit-Policy and problem details call the limit: daily.'),
});

const single = z.union([phrase(parseLimit, FORM), longForm], { error: given(`must be ${FORM}`) });

/** The value of `limit`. */
export const limit = z.union(
  [phrase((text) => (text === 'none' ? 'none' : parseLimit(text)), FORM), longForm, list(single, FORM)],
  { error: given(`must be ${FORM}`) },
);
