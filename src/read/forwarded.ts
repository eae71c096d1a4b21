/** Appends the gateway's own element to a trusted peer's Forwarded field (RFC 7239). Used by `forwarding-info.ts`. */
import { isIPv6 } from 'node:net';

/** RFC 9110 5.6.2 and 5.6.4. An unquoted value may contain more than token characters: `for=192.0.2.1:80` is common. */
const PAIR = String.raw`[!#$%&'*+\-.^_\`|~0-9A-Za-z]+=(?:[^\s",;]+|"(?:[^"\\]|\\.)*")`;
const ELEMENT = String.raw`${PAIR}(?:[ \t]*;[ \t]*${PAIR})*`;
const FORWARDED = new RegExp(String.raw`^[ \t]*${ELEMENT}(?:[ \t]*,[ \t]*${ELEMENT})*[ \t]*$`);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export interface Hop {
  /** The peer's address, IPv6 without brackets. */
  readonly ip: string;
  /** The Host field as received. */
  readonly host: string;
  /** The protocol between the peer and the gateway. */
  readonly proto: 'http' | 'https';
}

/**
 * Appends the element of the gateway's own hop (RFC 7239 4).
 *
 * @param sent the field as the peer sent it, several lines as one list
 * @returns undefined where `sent` is not a valid list: an element after an open quote would become part of the quoted text
 */
export function appendForwarded(sent: string, { ip, host, proto }: Hop): string | undefined {
  if (!FORWARDED.test(sent)) return undefined;
  const node = isIPv6(ip) ? `"[${ip}]"` : ip;
  const hostPair =
    host === '' ? '' : `;host=${TOKEN.test(host) ? host : `"${host.replace(/["\\]/g, '\\$&')}"`}`;
  return `${sent}, for=${node}${hostPair};proto=${proto}`;
}
