/** The schema of listening addresses, trusted proxies, and the timeouts and limits of client connections. */
import { isIP, isIPv4, SocketAddress } from 'node:net';
import { z } from 'zod';
import { ParseError } from '../problem.js';
import { count, duration, given, list, parseSize, phrase, words } from './values.js';

const ADMIN_DEFAULT = '127.0.0.1:8081';
/** Accepts more than a host name of the DNS: compose allows underscores in the names of services. */
const HOST_NAME = /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$/i;
const FORM = 'an address such as 127.0.0.1:8080 or "[::1]:8080", or {host, port, tls}';

/** A listening address; the files of `tls` are paths of PEM files. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly tls?:
    { readonly cert: string; readonly key: string; readonly client_ca?: string | undefined } | undefined;
}

function parseAddress(text: string): Address | ParseError {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const isValidHost = bracketed === undefined ? isHost(host) : isIP(host) === 6;
  if (!isValidHost || Number(port) > 65_535) return new ParseError(`must be ${FORM}`);
  return { host, port: Number(port) };
}

/** Whether the text is an IPv4 address or a host name. */
export function isHost(text: string): boolean {
  if (/^[\d.]+$/.test(text)) return isIP(text) === 4;
  return text.length < 254 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(text);
}

/** The schema of a host name in a certificate: `server_name` of a TLS section. */
export const hostName = () =>
  phrase(
    (text) => (isHost(text) && !isIP(text) ? text : new ParseError('must be a host name')),
    'a host name',
  );

const tls = z.strictObject({
  cert: words('a file path').describe('The certificate chain, a PEM file.'),
  key: words('a file path').describe("The certificate's private key, a PEM file."),
  client_ca: words('a file path')
    .optional()
    .describe(
      'A PEM file of authorities; every client must then present a certificate that one of them has signed.',
    ),
});

const addressKeys = z.strictObject({
  host: phrase(
    (text) => (isHost(text) || isIP(text) ? text : new ParseError('must be an IP address or a host name')),
    'an IP address or a host name',
  ).describe('The IP address or host name to listen on.'),
  port: count(0, 65_535).describe('The port; 0 chooses a free one.'),
  tls: tls.optional().describe('Certificate and key, to listen with TLS.'),
});

/** A listening address, in its short or its long form. */
export const address = z.union([phrase(parseAddress, FORM), addressKeys], {
  error: given(`must be ${FORM}`),
});

const ADMIN_FORM = `${FORM.replace('or {', '{')}, or {listen, hosts}`;

/** The admin address, with the host names that its requests may have. */
export interface AdminListener extends Address {
  readonly hosts?: readonly string[] | undefined;
}

const hosts = list(
  phrase(
    (text) =>
      HOST_NAME.test(text) ? text.toLowerCase() : new ParseError('must be a host name without a port'),
    'a host name without a port',
  ),
  'a list of host names',
)
  .optional()
  .describe(
    'The host names by which the admin port may be requested, besides localhost and IP addresses: [gateway.internal]. Others are 421.',
  );

/** The admin address, in one of its three forms. */
export const admin = z.union(
  [
    phrase((text): AdminListener | ParseError => {
      const parsed = parseAddress(text);
      return parsed instanceof ParseError ? new ParseError(`must be ${ADMIN_FORM}`) : parsed;
    }, ADMIN_FORM),
    addressKeys.extend({ hosts }),
    z
      .strictObject({
        listen: address
          .prefault(ADMIN_DEFAULT)
          .describe(`${ADMIN_DEFAULT} (the default), or {host, port, tls}.`),
        hosts,
      })
      .transform(({ listen, hosts: names }): AdminListener => ({ ...listen, hosts: names })),
  ],
  { error: given(`must be ${ADMIN_FORM}`) },
);

/** Parses an address, or a CIDR block. */
function parseNetwork(text: string): string | ParseError {
  const [host = '', prefix, ...rest] = text.split('/');
  const family = isIP(host);
  const isValid =
    rest.length === 0 &&
    family !== 0 &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128)));
  if (!isValid) return new ParseError('must be an IP address or a CIDR block such as 10.0.0.0/8');
  // Such a block would have all of IPv4, and IPv6 addresses besides.
  const isTooWide = prefix !== undefined && family === 6 && Number(prefix) < 96 && isMapped(host);
  return isTooWide
    ? new ParseError('must be a CIDR block such as 10.0.0.0/8: IPv4 in IPv6 has a prefix of at least 96')
    : text;
}

const MAPPED = '::ffff:';

/** Whether an IPv6 address is an IPv4-mapped one (RFC 4291 2.5.5.2), in any spelling. */
function isMapped(address: string): boolean {
  const [text = ''] = address.split('%');
  const normal = new SocketAddress({ address: text, family: 'ipv6' }).address;
  return normal.startsWith(MAPPED) && isIPv4(normal.slice(MAPPED.length));
}

/** The addresses of trusted proxies. */
export const trustProxy = z.array(phrase(parseNetwork, 'an IP address or a CIDR block such as 10.0.0.0/8'), {
  error: given('must be a list of IP addresses and CIDR blocks'),
});

const RATE_FORM = 'bytes per second, such as 240 or 1kb, or none';

function parseRate(text: string): number | ParseError {
  if (text === 'none') return 0;
  const bytes = parseSize(text);
  return bytes instanceof ParseError ? new ParseError(`must be ${RATE_FORM}`) : bytes;
}

const bodyRate = z.union([count(0, 1_000_000_000), phrase(parseRate, RATE_FORM)], {
  error: given(`must be ${RATE_FORM}`),
});

/** Timeouts and limits of client connections. */
export const client = z.strictObject({
  header_timeout: duration()
    .prefault('10s')
    .describe('Time limit for the whole head of a request (408), and for a TLS handshake.'),
  body_timeout: duration().prefault('60s').describe('The longest pause within a request body (408).'),
  min_body_rate: bodyRate
    .prefault(240)
    .describe(
      'The lowest rate of a request body while the gateway waits for it, in bytes per second: 240, 1kb, or none. A ' +
        'client may fall 5 s behind (408); what it sent faster counts in its favour, up to body_timeout.',
    ),
  keep_alive: duration().prefault('60s').describe('How long an idle connection is kept open.'),
  max_connections: count(1, 1_000_000)
    .default(20_000)
    .describe(
      'The most open connections, tunnels included; a further one is closed on arrival, and the log reports their number at most once a second.',
    ),
});
