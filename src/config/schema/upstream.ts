/** The schema of upstreams: one origin, or targets with their settings. */
import { z } from 'zod';
import { ParseError } from '../problem.js';
import { hostName } from './listen.js';
import { upstreamHeaders } from './upstream-headers.js';
import { parseOrigin } from './url.js';
import { count, duration, flag, given, list, phrase, SECOND_MS, words } from './values.js';

const FORM = 'an origin such as http://10.0.0.5:9002, or {targets: [...], timeout, ...}';

const target = phrase((text) => {
  const url = parseOrigin(text);
  return url instanceof ParseError ? url : { origin: url.origin, host: url.host };
}, 'an origin such as http://10.0.0.5:9002');

const health = z.strictObject({
  path: phrase(
    (text) =>
      /^\/[\x21-\x22\x24-\x7e]*$/.test(text)
        ? text
        : new ParseError('must be a path that begins with "/", in visible ASCII'),
    'a path such as /healthz',
  ).describe('Requested with GET; a 2xx or 3xx is a success.'),
  interval: duration().prefault('5s').describe('The time between two checks of one target.'),
  timeout: duration().prefault('2s').describe('How long a response may take.'),
  unhealthy_after: count(1, 100)
    .default(2)
    .describe('How many consecutive failures make a target unhealthy.'),
  healthy_after: count(1, 100).default(2).describe('How many consecutive successes make it healthy again.'),
});

const ejection = z.strictObject({
  failures: count(1, 10_000).default(5).describe('How many consecutive failures eject a target.'),
  cooldown: duration()
    .prefault('10s')
    .describe('How long the first ejection lasts; each consecutive one lasts that much longer.'),
  slow_start: duration({ leastMs: 0 })
    .prefault('10s')
    .describe('How long a target takes to get its full share again after an ejection.'),
});

const breaker = z.strictObject({
  failure_rate: phrase((text) => {
    const percent = Number(/^(\d{1,3})%$/.exec(text)?.[1] ?? 0);
    return percent >= 1 && percent <= 100 ? percent / 100 : new ParseError('must be a share from 1% to 100%');
  }, 'a share such as 50%')
    .prefault('50%')
    .describe('The fraction of the requests in a window that must have failed.'),
  requests: count(1, 1_000_000)
    .default(20)
    .describe('With fewer requests in the window the breaker stays closed.'),
  window: duration({ leastMs: SECOND_MS }).prefault('10s').describe('The length of the window.'),
  cooldown: duration().prefault('5s').describe('How long it stays open before one trial request.'),
});

/** `false` instead of a section disables it. */
const disabled = z.literal(false).transform(() => undefined);

const settings = z.strictObject({
  targets: list(target, 'a list of origins')
    .superRefine((targets, context) => {
      for (const [index, { origin }] of targets.entries()) {
        if (targets.findIndex((other) => other.origin === origin) === index) continue;
        context.addIssue({ code: 'custom', path: [index], message: `"${origin}" is there twice` });
      }
    })
    .describe('Its origins, without a path: [http://10.0.0.5:9002, http://10.0.0.6:9002].'),
  balance: z
    .enum(['round-robin', 'least-requests'], { error: given('must be round-robin or least-requests') })
    .default('round-robin')
    .describe(
      'Which target gets the next request: each in turn, or the one with the fewest in progress. A target with a free connection is preferred to one without.',
    ),
  health: z
    .union([disabled, health], { error: given('must be {path, interval, timeout, ...}, or false') })
    .optional()
    .describe('Requests that find out which targets respond: {path: /healthz, interval: 5s}.'),
  ejection: z
    .union([disabled, ejection], { error: given('must be {failures, cooldown, slow_start}, or false') })
    .prefault({})
    .describe("When a target that fails callers' requests is not chosen while others respond."),
  breaker: z
    .union([disabled, breaker], {
      error: given('must be {failure_rate, requests, window, cooldown}, or false'),
    })
    .optional()
    .describe('When requests to a target are refused at once, even if it is the only one.'),
  resolve_every: duration({ leastMs: 100 })
    .prefault('10s')
    .describe("How often a target's host name is resolved again."),
  connect_timeout: duration().prefault('2s').describe('Time limit for a new connection (504).'),
  timeout: duration().prefault('30s').describe('Time limit for the head of the response (504).'),
  idle_timeout: duration().prefault('60s').describe('The longest pause between two parts of a body.'),
  tunnel_idle: duration().prefault('1h').describe('The same for event streams and WebSockets.'),
  keep_alive: duration()
    .prefault('4s')
    .describe(
      'How long an idle connection is kept for the next request; less if the Keep-Alive field of the target says so. ' +
        'It must be shorter than the target keeps it: gunicorn closes after 2s, Node after 5s.',
    ),
  retries: count(0, 10)
    .default(1)
    .describe(
      'How often a safe request without a body, or any request of which no byte was sent, is sent again, on another ' +
        'target where there is one; at most one in five requests is.',
    ),
  max_connections: count(1, 100_000)
    .default(256)
    .describe(
      'The most requests in progress at one target; further ones wait for connect_timeout, then they are 503.',
    ),
  max_tunnels: count(1, 100_000)
    .default(1024)
    .describe(
      'The most WebSockets and event streams at one target, in addition to max_connections; a further one is 503.',
    ),
  forward_authorization: flag()
    .default(true)
    .describe("Whether the upstream gets the caller's Authorization field."),
  host: z
    .enum(['target', 'preserve'], { error: given('must be target or preserve') })
    .default('target')
    .describe("The Host field: the target's own, or the caller's preserved."),
  headers: upstreamHeaders.prefault({}).describe('Changes to the header of requests to it.'),
  tls: z
    .strictObject({
      ca: words('a file path')
        .optional()
        .describe(
          "A PEM file of the authorities that its certificate is checked against; absent: the system's.",
        ),
      cert: words('a file path').optional().describe("The gateway's client certificate chain, a PEM file."),
      key: words('a file path').optional().describe("That certificate's private key, a PEM file."),
      server_name: hostName()
        .optional()
        .describe(
          "The name that is sent to the targets (SNI) and that their certificates must have; left out: the target's own.",
        ),
      insecure: flag()
        .default(false)
        .describe(
          'true: the certificates of the targets are not verified. Each start logs a warning, and check prints one.',
        ),
    })
    .optional()
    .describe('TLS settings for https targets.'),
});

/** The long form of an upstream. */
export const upstreamSettings = settings;

/** An upstream: one origin, or the long form. */
export const upstream = z.union(
  [
    z
      .string()
      .transform((origin) => ({ targets: [origin] }))
      .pipe(settings),
    settings,
  ],
  {
    error: given(`must be ${FORM}`),
  },
);
