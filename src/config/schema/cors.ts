/** The schema of cross-origin rules, for the whole file or for one route. */
import { z } from 'zod';
import { ParseError } from '../problem.js';
import { DAY_MS, duration, list, phrase, TOKEN } from './values.js';
import { parseOrigin } from './url.js';

/** Parses an origin as a browser sends it (RFC 6454 6.2), or `*`. */
function parseCorsOrigin(text: string): string | ParseError {
  if (text === '*') return text;
  const origin = text.toLowerCase();
  const url = parseOrigin(origin);
  if (url instanceof ParseError || url.origin !== origin) {
    return new ParseError('must be an origin as a browser sends it, such as https://app.example.org, or "*"');
  }
  return origin;
}

/** Cross-origin rules. */
export const cors = z.strictObject({
  origins: list(phrase(parseCorsOrigin, 'an origin'), 'a list of origins').describe(
    'The origins whose pages may read responses, such as https://app.example.org, or "*".',
  ),
  headers: z
    .array(
      phrase(
        (text) => (TOKEN.test(text) ? text : new ParseError('must be the name of a header field')),
        'the name of a header field',
      ),
    )
    .default(['Authorization', 'Content-Type'])
    .describe('Request header fields that a page may send, besides the safelisted ones.'),
  max_age: duration({ leastMs: 0, mostMs: DAY_MS })
    .prefault('10m')
    .describe('How long a browser may cache the response to a preflight.'),
});
