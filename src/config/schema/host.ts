/** Parses the hosts of a route: names, addresses, and wildcards such as `*.example.com`. */
import { isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { z } from 'zod';
import { isWildcard, normalHost } from '../../model/host.js';
import { ParseError } from '../problem.js';
import { given, list, single } from './values.js';

const FORM = 'must be a host such as api.example.com or "*.example.com"';
/** RFC 1035 2.3.4, with the underscore that some names have. */
const NAME = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/i;

/**
 * Parses a host into its normal form. A name in another script is converted to A-labels, as clients send it (UTS 46).
 */
function parseHost(text: string): string | ParseError {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+)/i.exec(text);
  if (scheme) return new ParseError(`must be a host without scheme and path: ${scheme[1]}`);
  if (text === '*') return new ParseError('must not be "*"; a route without "host" is for any host');
  if (text.startsWith('[')) return parseAddress(text);
  if (isIPv6(text)) return new ParseError(`must have brackets around an IPv6 address: "[${text}]"`);
  const port = /^([^:]*):\d*$/.exec(text);
  if (port) return new ParseError(`must be a host without port, since ports are not compared: ${port[1]}`);
  if (text.includes('/')) return new ParseError('must be a host without a path; the path belongs in "match"');
  const prefix = text.startsWith('*.') ? '*.' : '';
  const name = text.slice(prefix.length);
  if (name.includes('*')) {
    return new ParseError('must have its star as the whole first label: "*.example.com"');
  }
  const ascii = normalHost(/^[\x20-\x7e]*$/.test(name) ? name : domainToASCII(name));
  return NAME.test(ascii) ? prefix + ascii : new ParseError(FORM);
}

function parseAddress(text: string): string | ParseError {
  const [, address = '', port] = /^\[([^\]]*)\](:\d*)?$/.exec(text) ?? [];
  if (!isIPv6(address)) return new ParseError('must be an IPv6 address in brackets, such as "[2001:db8::1]"');
  if (port !== undefined)
    return new ParseError(`must be a host without port, since ports are not compared: "[${address}]"`);
  return normalHost(text);
}

const host = single(parseHost, { mustBe: 'a host' });

/** The host of a test case: no wildcard. */
export const requestHost = host.refine((text) => !isWildcard(text), {
  error: 'must be one host, without a star',
});

const several = list(host, 'a list of hosts').superRefine((all, context) => {
  for (const [index, each] of all.entries()) {
    if (all.indexOf(each) === index) continue;
    context.addIssue({ code: 'custom', path: [index], message: `the host ${each} stands twice` });
  }
});

/** The hosts of a route, each in its normal form: one or a list. */
export const hosts = z
  .union([host.transform((one) => [one]), several], { error: given('must be a host or a list of hosts') })
  .transform((all) => all as [string, ...string[]]);
