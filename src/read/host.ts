/** Validates a Host field (RFC 9110 7.2) or a trusted X-Forwarded-Host. Used by `head-error.ts` and `forwarding-info.ts`. */
import { isIPv6 } from 'node:net';

/**
 * A bracketed address, a registered name or an IPv4 address, with an optional port.
 * Two parts of RFC 3986's reg-name are excluded: percent-encoding, which gives one name a second spelling, and the comma,
 * which a reader of lists takes as a separator of two names.
 */
const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|[A-Za-z0-9\-._~!$&'()*+;=]+)(?::([1-9][0-9]{0,4}))?$/;
/** Nearly all hosts match this; it is checked first because it needs no capture groups. */
const PLAIN_NAME = /^[A-Za-z0-9\-._]+$/;

/** Returns whether a text is a host with an optional port of at most 65535. */
export function isHost(text: string): boolean {
  if (PLAIN_NAME.test(text)) return true;
  const parts = HOST.exec(text);
  if (parts === null) return false;
  const [, address, port] = parts;
  return (address === undefined || isIPv6(address)) && (port === undefined || Number(port) <= 65535);
}
