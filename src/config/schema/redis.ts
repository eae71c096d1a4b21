/** The Redis that limits are counted in. */
import { z } from 'zod';
import { Flaw } from '../problem.js';
import { later } from './later.js';
import { parseUrl } from './url.js';
import { duration, failurePolicy, given, phrase } from './values.js';

const FORM = 'a URL that begins with redis:// or rediss://';

const settings = z
  .strictObject({
    url: phrase((text) => {
      const url = parseUrl(text, ['redis', 'rediss']);
      return url instanceof Flaw ? url : text;
    }, FORM).describe('redis://host:port/db, or rediss:// for TLS; a password may stand in it as ${NAME}.'),
    on_failure: failurePolicy()
      .default('local')
      .describe(
        'What becomes of requests that cannot be counted: each replica counts alone (local), nobody is refused ' +
          'by a limit (open), or all are answered 503 (closed).',
      ),
    timeout: duration({ mostMs: 10_000 })
      .prefault('100ms')
      .describe('The most that a request waits for Redis.'),
    key_prefix: phrase(
      (text) =>
        /^[\x21-\x7e]{0,64}$/.test(text) ? text : new Flaw('must be at most 64 visible ASCII characters'),
      'a text',
    )
      .prefault('tollgate:')
      .describe('Stands before every key, where several gates use one Redis.'),
  })
  .register(later, { keys: ['sentinels', 'cluster', 'name'] });

/** Empty, as in `${REDIS_URL:-}`, is the same as left out. */
const absent = z.literal('').transform(() => undefined);

export const redis = z.union(
  [
    absent,
    z
      .string()
      .transform((url) => ({ url }))
      .pipe(settings),
    settings,
  ],
  {
    error: given(`must be ${FORM}, or {url, on_failure, timeout, key_prefix}`),
  },
);
