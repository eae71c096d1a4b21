/** Addresses as read sees them: one spelling each, and whether a trusted proxy stands there. */
import { BlockList, SocketAddress, isIP, isIPv4, isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';

export interface Address {
  /** IPv4, or IPv6 in the spelling of RFC 5952; an IPv4-mapped one is its IPv4 address. */
  readonly ip: string;
  readonly trusted: boolean;
}

/** Reads an address, with or without a port; undefined where the text is none. */
export type ReadAddress = (text: string) => Address | undefined;

const MAPPED = '::ffff:';
const MAPPED_BITS = 96;
const IPV4_PORT = /^([0-9.]+):[0-9]+$/;
const IPV6_BRACKETED = /^\[([^\]]+)\](?::[0-9]+)?$/;
/** A full IPv6 address in brackets with a port is shorter. */
const MAX_LENGTH = 64;
/** Parsing an address and looking it up in a BlockList takes microseconds; callers come again. */
const REMEMBERED = 4096;

/** @param trustProxy addresses and CIDR blocks; an invalid one throws */
export function createReadAddress(trustProxy: readonly string[]): ReadAddress {
  const trusted = blockListOf(trustProxy);
  const known = new LRUCache<string, Address>({ max: REMEMBERED });

  return function readAddress(text) {
    let address = known.get(text);
    if (address === undefined) {
      const ip = ipOf(text);
      if (ip === undefined) return undefined;
      address = { ip, trusted: trusted.check(ip, familyOf(ip)) };
      known.set(text, address);
    }
    return address;
  };
}

function ipOf(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  if (isIP(text)) return canonicalIp(text);
  // A port must not make another caller of the same address: a limit by ip would count it apart.
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
    const written = slash === -1 ? entry : entry.slice(0, slash);
    if (!isIP(written)) throw new Error(`not an address or a CIDR block: ${entry}`);
    const ip = canonicalIp(written);
    const family = familyOf(ip);
    if (slash === -1) list.addAddress(ip, family);
    else list.addSubnet(ip, prefixOf(entry.slice(slash + 1), isIPv6(written) && family === 'ipv4'), family);
  }
  return list;
}

function prefixOf(text: string, mapped: boolean): number {
  const bits = /^[0-9]{1,3}$/.test(text) ? Number(text) : NaN;
  return mapped ? bits - MAPPED_BITS : bits;
}
