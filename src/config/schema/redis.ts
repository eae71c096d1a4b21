/** The schema of Redis, where limits are counted: one server, a primary that Sentinels know, or a cluster. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { ParseError } from '../problem.js';
import { hostName, isHost } from './listen.js';
import { parseRedisUrl } from './redis-url.js';
import { duration, failurePolicy, flag, given, list, phrase, words } from './values.js';

const FORM = 'a URL that begins with redis://, rediss:// or unix://';
const NODE_FORM = 'host:port, such as 10.0.0.5:6379 or "[::1]:6379"';

const node = (explain: (text: string) => string | undefined = () => undefined) =>
  phrase((text) => {
    const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
    const host = bracketed ?? plain ?? '';
    const isValidHost = bracketed === undefined ? isHost(host) : isIP(host) === 6;
    const isValidPort = Number(port) >= 1 && Number(port) <= 65_535;
    if (isValidHost && isValidPort) return { host, port: Number(port) };
    return new ParseError(explain(text) ?? `must be ${NODE_FORM}`);
  }, NODE_FORM);

const clusterNode = node((text) =>
  /[^/]\/\d+$/.test(text)
    ? 'must be host:port without a database: a Redis Cluster has only database 0'
    : undefined,
);

const tls = z.strictObject({
  ca: words('a file path')
    .optional()
    .describe("A PEM file of the authorities to trust, instead of the system's."),
  cert: words('a file path')
    .optional()
    .describe('The client certificate of the gateway, a PEM file; requires "key".'),
  key: words('a file path').optional().describe("That certificate's private key, a PEM file."),
  server_name: hostName()
    .optional()
    .describe(
      'The name that every certificate must have, for any address of the server; absent: the host that the gateway connects to or, if a cluster or Sentinel announced that host by address, one of the hosts in the file.',
    ),
});

const settings = z
  .strictObject({
    url: phrase(parseRedisUrl, FORM)
      .optional()
      .describe(
        'redis://user:password@host:port/db, rediss:// for TLS, or unix:///path/of/socket?db=0; a password with ' +
          'special characters belongs in "password".',
      ),
    sentinels: list(node(), 'a list of host:port')
      .optional()
      .describe(
        'The Sentinels, which are asked for the primary at each connection, instead of a url: ["10.0.0.5:26379", ...].',
      ),
    name: words('a name').optional().describe("The Sentinels' name for the primary: mymaster."),
    cluster: list(clusterNode, 'a list of host:port')
      .optional()
      .describe(
        'Nodes of a Redis Cluster, instead of a url; one that responds is enough to find the others. All limits of a route must then have the same "by".',
      ),
    username: words('a user name').optional().describe('The ACL user, where the url has none.'),
    password: words('a password')
      .optional()
      .describe('Used as it is, without percent-decoding: ${REDIS_PASSWORD}.'),
    sentinel_username: words('a user name')
      .optional()
      .describe('The ACL user at the Sentinels, with "sentinel_password"; absent: default.'),
    sentinel_password: words('a password')
      .optional()
      .describe('The password of the Sentinels; absent: "password".'),
    tls: z
      .union([flag(), tls], { error: given('must be true, false, or {ca, cert, key, server_name}') })
      .prefault(false)
      .describe(
        'Whether and how connections to servers and Sentinels use TLS; with a url, only with rediss://.',
      ),
    on_failure: failurePolicy()
      .default('local')
      .describe(
        'What happens to requests that cannot be counted: each replica counts alone (local), no limit refuses ' +
          'any (open), or all are refused with 503 (closed).',
      ),
    timeout: duration({ mostMs: 10_000 })
      .prefault('100ms')
      .describe('The longest that a request waits for Redis.'),
    key_prefix: phrase(
      (text) =>
        /^[\x21-\x7a\x7c\x7e]{0,64}$/.test(text)
          ? text
          : new ParseError('must be at most 64 visible ASCII characters other than { and }'),
      'a text',
    )
      .prefault('tollgate:')
      .describe('The prefix of every key, for several gateways that use one Redis.'),
  })
  .superRefine((raw, context) => {
    const { url, sentinels, cluster, name, sentinel_username, sentinel_password } = raw;
    const addIssue = (key: string, message: string) => {
      context.addIssue({ code: 'custom', path: [key], message });
    };
    const places = Object.entries({ url, sentinels, cluster }).filter(([, place]) => place !== undefined);
    const [first, second] = places.map(([key]) => key);
    if (first === undefined) addIssue('url', 'missing key "url"; or else "sentinels" or "cluster"');
    if (second !== undefined) addIssue(second, `"${first}" is set too; a Redis is one of the two`);
    if (sentinels && name === undefined)
      addIssue('name', 'missing key "name": by which the Sentinels know the primary');
    for (const [key, value] of Object.entries({ name, sentinel_username, sentinel_password }))
      if (!sentinels && value !== undefined) addIssue(key, `"${key}" is for "sentinels"`);
    if (sentinel_username !== undefined && sentinel_password === undefined)
      addIssue('sentinel_username', '"sentinel_username" needs "sentinel_password" beside it');
    if (raw.username !== undefined && (raw.password ?? url?.password) === undefined)
      addIssue('username', '"username" needs a password beside it');
    if (!url) return;
    for (const key of ['username', 'password'] as const)
      if (raw[key] !== undefined && url[key] !== undefined)
        addIssue(key, `the url has a ${key} too; one of the two`);
    if (raw.tls !== false && !url.tls) addIssue('tls', '"tls" needs a url that begins with rediss://');
  });

/** An empty text, as from `${REDIS_URL:-}`, means that the key is left out. */
const absent = z.literal('').transform(() => undefined);

/** A URL, the long form, or an empty text for none. */
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
