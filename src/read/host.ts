/** What read takes for a host: the value of a Host field (RFC 9110 7.2), or of a trusted X-Forwarded-Host. */
import { isIPv6 } from 'node:net';

/**
 * A bracketed address, or a registered name or IPv4 address; then perhaps a port.
 * Of RFC 3986's reg-name, percent-encoding (a second spelling of the same name) and the comma (two names,
 * to a reader of lists) are left out.
 */
const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|[A-Za-z0-9\-._~!$&'()*+;=]+)(?::([1-9][0-9]{0,4}))?$/;
/** What nearly all hosts are, told without a capture. */
const PLAIN_NAME = /^[A-Za-z0-9\-._]+$/;

export function isHost(text: string): boolean {
  if (PLAIN_NAME.test(text)) return true;
  const found = HOST.exec(text);
  if (found === null) return false;
  const [, address, port] = found;
  return (address === undefined || isIPv6(address)) && (port === undefined || Number(port) <= 65535);
}
