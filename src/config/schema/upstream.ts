/** Upstreams as they are written: one origin, or targets with how to speak to them. */
import { z } from 'zod';
import { Flaw } from '../problem.js';
import { later } from './later.js';
import { parseOrigin } from './url.js';
import { count, duration, flag, given, phrase, TOKEN, words } from './values.js';

const FORM = 'an origin such as http://10.0.0.5:9002, or {targets: [...], timeout, ...}';

const target = phrase((text) => {
  const url = parseOrigin(text);
  return url instanceof Flaw ? url : { origin: url.origin, host: url.host };
}, 'an origin such as http://10.0.0.5:9002');

/** Fields that frame a message or belong to one connection (RFC 9110 7.6.1): the gate's own to write. */
const FRAMING =
  /^(connection|content-length|expect|host|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i;
/** What the gate says of the caller; an upstream believes it. */
const IDENTITY = /^x-(app|token)-/i;

function parseFieldName(text: string): string | Flaw {
  if (!TOKEN.test(text)) return new Flaw('is not the name of a header field');
  return FRAMING.test(text) ? new Flaw('is written by the gate itself and cannot be changed here') : text;
}

const settableName = z.string().superRefine((text, context) => {
  const name = IDENTITY.test(text)
    ? new Flaw('tells upstreams who calls and cannot be set here')
    : parseFieldName(text);
  if (name instanceof Flaw) context.addIssue({ code: 'custom', message: name.text });
});

const removableName = phrase((text) => {
  const name = parseFieldName(text);
  return name instanceof Flaw ? new Flaw(`"${text}" ${name.text}`) : name;
}, 'the name of a header field');

const fieldValue = phrase(
  (text) => (/^[\x20-\x7e\t]*$/.test(text) ? text.trim() : new Flaw('must be visible ASCII')),
  'a text',
);

const fields = z.record(settableName, fieldValue).superRefine((record, context) => {
  const seen = new Set<string>();
  for (const key of Object.keys(record)) {
    if (seen.has(key.toLowerCase())) {
      context.addIssue({
        code: 'custom',
        path: [key],
        message: `"${key}" is set twice; names do not differ by case`,
      });
    }
    seen.add(key.toLowerCase());
  }
});

const settings = z
  .strictObject({
    targets: z
      .array(target, { error: given('must be a list with one origin') })
      .refine((targets) => targets.length === 1, {
        error: 'must have exactly one target; several targets are not supported yet',
      })
      .describe('Its origin, without a path: [http://10.0.0.5:9002].'),
    connect_timeout: duration().prefault('2s').describe('How long a connection may take to be made.'),
    timeout: duration().prefault('30s').describe("Until the upstream's response headers."),
    idle_timeout: duration().prefault('60s').describe('The longest silence between two chunks of a body.'),
    tunnel_idle: duration().prefault('1h').describe('The same for event streams and WebSocket tunnels.'),
    retries: count(0, 10)
      .default(1)
      .describe(
        'How often a safe, idempotent request without a body is sent again after a failed connection.',
      ),
    max_connections: count(1, 100_000).default(256).describe('The most connections to one target.'),
    forward_authorization: flag()
      .default(true)
      .describe("Whether the upstream gets the caller's Authorization field."),
    host: z
      .enum(['target', 'preserve'], { error: given('must be target or preserve') })
      .default('target')
      .describe("The Host field: the target's own, or the caller's preserved."),
    headers: z
      .strictObject({
        set: fields.default({}).describe('Fields to set on requests to it: {X-Env: prod}.'),
        remove: z
          .array(removableName)
          .default([])
          .describe('Fields to remove from requests to it: [X-Internal].'),
      })
      .prefault({})
      .describe('Changes to the header of requests to it.'),
    tls: z
      .strictObject({
        ca: words('a file path').describe(
          'A PEM file of the authorities that its certificate is checked against.',
        ),
      })
      .optional()
      .describe("How an https target's certificate is checked; left out: against the system's authorities."),
  })
  .register(later, { keys: ['balance', 'health', 'ejection', 'breaker'] });

export const upstreamSettings = settings;

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
