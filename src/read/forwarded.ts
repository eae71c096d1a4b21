/** The Forwarded field (RFC 7239): the way that a trusted peer tells of, with the gate's own element behind it. */
import { isIPv6 } from 'node:net';

/** RFC 9110 5.6.2 and 5.6.4. A value without quotes may have what no token has: `for=192.0.2.1:80` is common. */
const PAIR = String.raw`[!#$%&'*+\-.^_\`|~0-9A-Za-z]+=(?:[^\s",;]+|"(?:[^"\\]|\\.)*")`;
const ELEMENT = String.raw`${PAIR}(?:[ \t]*;[ \t]*${PAIR})*`;
const FORWARDED = new RegExp(String.raw`^[ \t]*${ELEMENT}(?:[ \t]*,[ \t]*${ELEMENT})*[ \t]*$`);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export interface Hop {
  /** The peer's address, IPv6 without brackets. */
  readonly ip: string;
  /** The Host field as the gate got it. */
  readonly host: string;
  /** By which the peer spoke to the gate. */
  readonly proto: 'http' | 'https';
}

/**
 * Appends the element of the gate's own hop (RFC 7239 4).
 *
 * @param sent the field as the peer sent it, several lines as one list
 * @returns undefined where what was sent is no such list: an element behind an open quote would be a part of it
 */
export function appendForwarded(sent: string, { ip, host, proto }: Hop): string | undefined {
  if (!FORWARDED.test(sent)) return undefined;
  const node = isIPv6(ip) ? `"[${ip}]"` : ip;
  const named = host === '' ? '' : `;host=${TOKEN.test(host) ? host : `"${host.replace(/["\\]/g, '\\$&')}"`}`;
  return `${sent}, for=${node}${named};proto=${proto}`;
}
