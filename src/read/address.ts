/** Parses addresses: gives each one spelling and says whether it is a trusted proxy's. Used by `forwarding-info.ts`. */
import { BlockList, SocketAddress, isIP, isIPv4, isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';

export interface Address {
  /** IPv4, or IPv6 in the spelling of RFC 5952; an IPv4-mapped address becomes its IPv4 address. */
  readonly ip: string;
  readonly trusted: boolean;
}

/** Parses an address, with or without a port; undefined where the text is not an address. */
export type ReadAddress = (text: string) => Address | undefined;

const MAPPED = '::ffff:';
const MAPPED_BITS = 96;
const IPV4_PORT = /^([0-9.]+):[0-9]+$/;
const IPV6_BRACKETED = /^\[([^\]]+)\](?::[0-9]+)?$/;
/** Longer than a full IPv6 address in brackets with a port. */
const MAX_LENGTH = 64;
/** Results are cached: parsing an address and looking it up in a BlockList takes microseconds, and clients return. */
const CACHED_ADDRESSES = 4096;

/**
 * Creates the address parser with its cache.
 *
 * @param trustProxy the addresses and CIDR blocks of trusted proxies
 * @throws Error where an entry is not an address or a CIDR block
 */
export function createReadAddress(trustProxy: readonly string[]): ReadAddress {
  const trusted = blockListOf(trustProxy);
  const cache = new LRUCache<string, Address>({ max: CACHED_ADDRESSES });

  return function readAddress(text) {
    let address = cache.get(text);
    if (address === undefined) {
      const ip = ipOf(text);
      if (ip === undefined) return undefined;
      address = { ip, trusted: trusted.check(ip, familyOf(ip)) };
      cache.set(text, address);
    }
    return address;
  };
}

function ipOf(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  if (isIP(text)) return canonicalIp(text);
  // The port is removed: otherwise a limit by ip would count each port of one address as a separate client.
  const bare = (IPV4_PORT.exec(text) ?? IPV6_BRACKETED.exec(text))?.[1];
  return bare !== undefined && isIP(bare) ? canonicalIp(bare) : undefined;
}

function canonicalIp(ip: string): string {
  if (isIPv4(ip)) return ip;
  const { address } = new SocketAddress({ address: ip, family: 'ipv6' });
  const mapped = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : '';
  return isIPv4(mapped) ? mapped : address;
}

function familyOf(ip: string): 'ipv4' | 'ipv6' {
  return isIPv4(ip) ? 'ipv4' : 'ipv6';
}

function blockListOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const slash = entry.indexOf('/');
    const address = slash === -1 ? entry : entry.slice(0, slash);
    if (!isIP(address)) throw new Error(`not an address or a CIDR block: ${entry}`);
    const ip = canonicalIp(address);
    const family = familyOf(ip);
    if (slash === -1) list.addAddress(ip, family);
    else list.addSubnet(ip, prefixOf(entry.slice(slash + 1), isIPv6(address) && family === 'ipv4'), family);
  }
  return list;
}

function prefixOf(text: string, mapped: boolean): number {
  const bits = /^[0-9]{1,3}$/.test(text) ? Number(text) : NaN;
  return mapped ? bits - MAPPED_BITS : bits;
}
