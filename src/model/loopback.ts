/** The definition of loopback, wherever the gateway distinguishes this machine from others. */
import { BlockList, isIP } from 'node:net';

/** RFC 1122 3.2.1.3 and RFC 4291 2.5.3. */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Tells whether a host is loopback: `localhost`, 127.0.0.0/8, `::1`, or one of these IPv4 addresses mapped to IPv6.
 * Names are not looked up, so any other name is not loopback.
 *
 * @param host a name, or an address as in a URL, with or without brackets
 */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  const address = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  const family = isIP(address);
  // A BlockList matches an IPv4-mapped address against its IPv4 entries.
  return family !== 0 && LOOPBACK.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
