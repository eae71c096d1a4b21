/** The schema of the whole file, composed of its parts. The JSON Schema for editors is generated from it. */
import { z } from 'zod';
import { consoleSettings } from './console.js';
import { cors } from './cors.js';
import { clientIpHeader } from './field-name.js';
import { issuer, issuerName } from './issuer.js';
import { limit } from './limit.js';
import { address, admin, client, trustProxy } from './listen.js';
import { parseOwnPath } from './own-path.js';
import { redis } from './redis.js';
import { route } from './route.js';
import { tokens } from './tokens.js';
import { tracing } from './tracing.js';
import { upstream } from './upstream.js';
import { count, DAY_MS, duration, flag, given, list, name, phrase, size, words } from './values.js';

/** Everything except issuers, upstreams and routes. */
export const general = z.strictObject({
  listen: address
    .optional()
    .describe('Where clients connect: 127.0.0.1:8080 (the default), or {host, port, tls}.'),
  admin: admin
    .optional()
    .describe(
      'The admin port, with health, metrics, the API and the console: 127.0.0.1:8081 (the default), {host, port, tls}, or {listen, hosts}; never the public port.',
    ),
  trust_proxy: trustProxy
    .default([])
    .describe(
      'Addresses or CIDR blocks of proxies whose X-Forwarded-*, X-Real-IP, Forwarded and X-Request-Id are trusted.',
    ),
  client_ip_header: clientIpHeader
    .optional()
    .describe(
      'The field in which the proxies of trust_proxy send the address of the client, such as CF-Connecting-IP. No other ' +
        'field is read for it.',
    ),
  redis: redis
    .optional()
    .describe(
      'Where limits are counted, redis://127.0.0.1:6379 or {url, ...}; absent or empty: in this process.',
    ),
  defaults: z
    .strictObject({
      limit: limit.optional().describe('The limit of a route without its own.'),
      max_body: size().prefault('10mb').describe('The largest request body of a route without its own.'),
    })
    .prefault({})
    .describe('The settings of routes without their own.'),
  drain_timeout: duration({ leastMs: 0 })
    .prefault('30s')
    .describe('How long requests in progress may take after SIGTERM.'),
  drain_delay: duration({ leastMs: 0 })
    .optional()
    .describe(
      'The part of drain_timeout in which new connections are still accepted while /readyz is 503, so that load balancers notice; absent: 1s, but at most a tenth of drain_timeout; 0s closes the port at once.',
    ),
  client: client.prefault({}).describe('How long the gateway waits for a client.'),
  limits: z
    .strictObject({
      max_keys: count(1, 100_000_000)
        .default(1_000_000)
        .describe('How many counts are kept in this process; beyond it on_failure decides for a new one.'),
    })
    .prefault({})
    .describe('Bounds of the counting in this process.'),
  token_cache: count(1, 10_000_000).default(10_000).describe('How many verified tokens are remembered.'),
  jwks_max_age: duration()
    .prefault('10m')
    .describe("The age at which an issuer's keys are fetched again, in the background."),
  jwks_max_stale: duration({ leastMs: 0, mostMs: 366 * DAY_MS })
    .prefault('1d')
    .describe('How long the last good keys are used while the issuer is unavailable.'),
  jwks_cache: z
    .union([z.literal(false), words('a folder, or false')], { error: given('must be a folder, or false') })
    .prefault('data/jwks')
    .describe(
      'The folder in which the last good keys are kept, for a start while an issuer is unavailable; false: none.',
    ),
  revocation_cache: z
    .union([z.literal(false), words('a folder, or false')], { error: given('must be a folder, or false') })
    .optional()
    .describe(
      'The folder in which the last known revocations are kept, for a start while their database or Redis is ' +
        'unavailable; absent: the folder "revocations" beside jwks_cache; false: none.',
    ),
  workers: z
    .union([count(1, 256), z.literal('auto')], {
      error: given('must be a whole number from 1 to 256, or auto'),
    })
    .default(1)
    .describe('How many worker processes; auto: one for each processor. More than one requires redis.'),
  max_in_flight: count(1, 1_000_000)
    .default(10_000)
    .describe(
      'The most requests in progress in one process, from the head until the end of the response (a WebSocket: until it is open); a further one is 503 with Retry-After: 1, before anything is read or decided.',
    ),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error', 'silent'], {
          error: given('must be debug, info, warn, error or silent'),
        })
        .default('info')
        .describe(
          'The lowest level that is logged. At debug a 404 names the route that is nearest to the path.',
        ),
      file: words('a file path')
        .optional()
        .describe('The file that the log is written to; absent: standard output.'),
      access: z
        .union([z.boolean(), z.literal('failures')], { error: given('must be true, false or failures') })
        .default(true)
        .describe(
          'Whether each request has a line. failures: only those with a reason, those with a status of 500 or more, and ' +
            'those that a rule in shadow would have refused.',
        ),
      pretty: flag()
        .default(false)
        .describe('Whether lines are readable text for a terminal instead of JSON; not with a file.'),
      paths: flag()
        .default(false)
        .describe('Whether the access log has the path of each request; the query is never logged.'),
      client_ids: flag()
        .default(false)
        .describe(
          'Whether client ids and user names that fail at a token endpoint are logged as they are, not as keyed hashes.',
        ),
    })
    .prefault({})
    .describe('The log: one JSON object a line, or readable text.'),
  metrics: z
    .strictObject({
      by_app: flag()
        .default(false)
        .describe('Whether /metrics also counts requests by app; without it no app id is there.'),
    })
    .prefault({})
    .describe('The metrics that Prometheus reads at /metrics on the admin port.'),
  tracing: tracing
    .optional()
    .describe(
      'Where spans of requests are sent: {otlp, sample, service, headers}. Absent: nothing is traced.',
    ),
  limit_headers: z
    .enum(['legacy', 'draft'], { error: given('must be legacy or draft') })
    .default('legacy')
    .describe('draft adds the IETF fields RateLimit and RateLimit-Policy to X-RateLimit-*.'),
  limit_status: phrase(parseOwnPath, 'a path such as /limits')
    .optional()
    .describe(
      'The path of an endpoint where any valid token sees what it has left at each endpoint that it can open: /limits. ' +
        'Absent: there is none.',
    ),
  console: consoleSettings
    .prefault({})
    .describe('The console, a web page for administrators and developers: {listen, prefix, name}, or false.'),
  allow_semicolon: flag().default(false).describe('Whether a path may contain ";".'),
  tokens: tokens.optional().describe('The token service: this gateway issues tokens. Absent: it does not.'),
  cors: cors.optional().describe('Cross-origin rules of all routes; the gateway responds to preflights.'),
});

/** The whole file. */
export const schema = general.extend({
  issuers: z
    .record(issuerName, issuer, { error: given('must be issuers by name') })
    .default({})
    .describe('The issuers whose tokens are accepted, by a name that you choose.'),
  upstreams: z
    .record(name(), upstream, { error: given('must be upstreams by name') })
    .describe(
      'The services behind the gateway, by name: an origin such as http://10.0.0.5:9002, or {targets, ...}.',
    ),
  routes: list(route, 'a list of routes').describe(
    'What is forwarded. The most specific match wins, in any order; what no route matches is 404.',
  ),
});

/** A configuration as a user of the library writes it. */
export type GatewayConfig = z.input<typeof schema>;
/** A configuration that passed the schema, with defaults applied. */
export type Validated = z.output<typeof schema>;

/** Generates the JSON Schema of the file, for completion in editors. */
export function jsonSchema(): object {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    override({ jsonSchema: each }) {
      if (each.additionalProperties === false) each.patternProperties = { '^x-': {} };
    },
  });
  return { $schema, title: 'Tollgate configuration', ...rest };
}
