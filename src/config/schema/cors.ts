/** The schema of cross-origin rules, for the whole file or for one route. */
import { z } from 'zod';
import type { SubdomainOrigins } from '../../model/route.js';
import { ParseError } from '../problem.js';
import { DAY_MS, duration, flag, list, phrase, TOKEN } from './values.js';
import { parseOrigin } from './url.js';

const ORIGIN_FORM = 'an origin as a browser sends it, such as https://app.example.org';

/** Parses an origin as a browser sends it (RFC 6454 6.2), those of all subdomains of a domain, or `*`. */
function parseCorsOrigin(text: string): string | SubdomainOrigins | ParseError {
  if (text === '*') return text;
  const origin = text.toLowerCase();
  const [, prefix, domain] = /^(https?:\/\/)\*\.([^*]+)$/.exec(origin) ?? [];
  if (prefix === undefined || domain === undefined) {
    return isOrigin(origin)
      ? origin
      : new ParseError(`must be ${ORIGIN_FORM}, https://*.example.org for all subdomains, or "*"`);
  }
  if (!isOrigin(prefix + domain) || !isOrigin(`${prefix}any.${domain}`)) {
    return new ParseError(`must be ${ORIGIN_FORM}, with "*." before its domain`);
  }
  const [host = ''] = domain.split(':');
  return host === 'localhost' || /[^.]\.[^.]/.test(host)
    ? { prefix, suffix: `.${domain}` }
    : new ParseError(`must have a domain after "*."; "${host}" has many owners`);
}

function isOrigin(text: string): boolean {
  const url = parseOrigin(text);
  return !(url instanceof ParseError) && url.origin === text;
}

/** Cross-origin rules. */
export const cors = z
  .strictObject({
    origins: list(phrase(parseCorsOrigin, 'an origin'), 'a list of origins').describe(
      'The origins whose pages may read responses, such as https://app.example.org; https://*.example.org for all subdomains; or "*".',
    ),
    headers: z
      .array(
        phrase(
          (text) => (TOKEN.test(text) ? text : new ParseError('must be the name of a header field')),
          'the name of a header field',
        ),
      )
      .prefault(['Authorization', 'Content-Type'])
      .describe('Request header fields that a page may send, besides the safelisted ones.'),
    max_age: duration({ leastMs: 0, mostMs: DAY_MS })
      .prefault('10m')
      .describe('How long a browser may cache the response to a preflight.'),
    credentials: flag()
      .default(false)
      .describe('Whether pages may send cookies and client certificates; not together with "*".'),
  })
  .superRefine(({ origins, headers, credentials }, context) => {
    if (!credentials) return;
    if (origins.includes('*')) {
      const message = 'must list origins: "*" with credentials would let every page act for a user';
      context.addIssue({ code: 'custom', path: ['origins', origins.indexOf('*')], message });
    }
    if (headers.includes('*')) {
      const message = 'must name each field: with credentials browsers take "*" literally';
      context.addIssue({ code: 'custom', path: ['headers', headers.indexOf('*')], message });
    }
  });
