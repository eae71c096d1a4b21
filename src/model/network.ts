/**
 * Maps client addresses to networks, for counting and for fair queues. IPv6 is grouped by /64: one subscriber gets
 * that much (RFC 6177 2), and could otherwise appear as 2^64 callers.
 */
import { isIPv4 } from 'node:net';

/**
 * Returns the network that a client address is counted as: IPv4 whole, IPv6 by its /64. Text that is no address is
 * returned unchanged.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const zone = address.indexOf('%');
  const text = zone === -1 ? address : address.slice(0, zone);
  const groups = groupsOf(text);
  if (groups?.length !== 8 || groups.some(Number.isNaN)) return address;
  const [high = 0, low = 0] = groups.slice(6);
  // An IPv4-mapped address (RFC 4291 2.5.5.2) is an IPv4 caller on a dual-stack socket.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  return groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':');
}

/** Returns the network that a fair queue groups a client by: IPv4 by its /24, IPv6 by its /64. */
export function subnetOf(address: string): string {
  const network = networkOf(address);
  return isIPv4(network) ? network.slice(0, network.lastIndexOf('.')) : network;
}

/**
 * Returns the eight groups of an IPv6 address in any form of RFC 4291 2.2; undefined if it has more than one `::`. What is not a
 * group is NaN.
 */
export function groupsOf(text: string): number[] | undefined {
  const [head = '', tail, more] = text.split('::');
  if (more !== undefined) return undefined;
  const left = parse(head);
  if (tail === undefined) return left;
  const right = parse(tail);
  return left.concat(new Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0), right);
}

function parse(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (isIPv4(group)) {
      const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
      return [a * 256 + b, c * 256 + d];
    }
    return /^[0-9a-f]{1,4}$/i.test(group) ? [parseInt(group, 16)] : [NaN];
  });
}
