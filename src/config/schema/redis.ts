/** The Redis that limits are counted in: one server, a primary that Sentinels name, or a cluster. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { Flaw } from '../problem.js';
import { isHost } from './listen.js';
import { parseRedisUrl } from './redis-url.js';
import { duration, failurePolicy, flag, given, list, phrase, words } from './values.js';

const FORM = 'a URL that begins with redis:// or rediss://';
const NODE_FORM = 'host:port, such as 10.0.0.5:6379 or "[::1]:6379"';

const node = phrase((text) => {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const right = bracketed === undefined ? isHost(host) : isIP(host) === 6;
  const isPort = Number(port) >= 1 && Number(port) <= 65_535;
  return right && isPort ? { host, port: Number(port) } : new Flaw(`must be ${NODE_FORM}`);
}, NODE_FORM);

const settings = z
  .strictObject({
    url: phrase(parseRedisUrl, FORM)
      .optional()
      .describe('redis://host:port/db, or rediss:// for TLS; a password may stand in it as ${NAME}.'),
    sentinels: list(node, 'a list of host:port')
      .optional()
      .describe('The Sentinels that know the primary, in place of a url: ["10.0.0.5:26379", ...].'),
    name: words('a name').optional().describe('By which the Sentinels know the primary: mymaster.'),
    cluster: list(node, 'a list of host:port')
      .optional()
      .describe(
        'Nodes of a Redis Cluster, in place of a url; one that answers is enough to find the others.',
      ),
    username: words('a user name').optional().describe('For sentinels and cluster; a url has its own.'),
    password: words('a password').optional().describe('For sentinels and cluster: ${REDIS_PASSWORD}.'),
    tls: flag().default(false).describe('Whether sentinels or cluster are spoken to with TLS.'),
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
        /^[\x21-\x7a\x7c\x7e]{0,64}$/.test(text)
          ? text
          : new Flaw('must be at most 64 visible ASCII characters other than { and }'),
      'a text',
    )
      .prefault('tollgate:')
      .describe('Stands before every key, where several gates use one Redis.'),
  })
  .superRefine(({ url, sentinels, cluster, name, username, password, tls }, context) => {
    const wrong = (key: string, message: string) => {
      context.addIssue({ code: 'custom', path: [key], message });
    };
    const places = Object.entries({ url, sentinels, cluster }).filter(([, place]) => place !== undefined);
    const [first, second] = places.map(([key]) => key);
    if (first === undefined) wrong('url', 'missing key "url"; or else "sentinels" or "cluster"');
    if (second !== undefined) wrong(second, `"${first}" stands there too; a Redis is one of the two`);
    if (sentinels && name === undefined)
      wrong('name', 'missing key "name": by which the Sentinels know the primary');
    if (!sentinels && name !== undefined) wrong('name', '"name" is for "sentinels"');
    if (url === undefined) return;
    const stray = Object.entries({ username, password, tls: tls || undefined }).find(
      ([, value]) => value !== undefined,
    );
    if (stray) wrong(stray[0], `"${stray[0]}" belongs into the url: rediss://user:password@host`);
  });

/** Empty, as in `${REDIS_URL:-}`, is the same as left out. */
const absent = z.literal('').transform(() => undefined);

export const redis = z.union(
  [
    absent,
    z
      .string()
      .transform((url): z.input<typeof settings> => ({ url }))
      .pipe(settings),
    settings,
  ],
  {
    error: given(`must be ${FORM}, or {url, on_failure, timeout, key_prefix}`),
  },
);
