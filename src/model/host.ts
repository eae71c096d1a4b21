/** The normal form of hosts, and which hosts a pattern of the file matches: for routing and for `check`. */
import { domainToASCII } from 'node:url';

/**
 * Returns the form in which hosts are compared: without port, in lower case, without dots at the end. An IPv6 address
 * is in its shortest form. A name is in A-labels already (RFC 5890), since a Host field is ASCII.
 *
 * @param host a valid Host field (`src/read/host.ts`)
 */
export function normalHost(host: string): string {
  if (host.startsWith('[')) {
    const address = host.slice(0, host.indexOf(']') + 1).toLowerCase();
    return domainToASCII(address) || address;
  }
  const colon = host.indexOf(':');
  const name = (colon === -1 ? host : host.slice(0, colon)).toLowerCase();
  // A name server reads one dot only; a server that removes several must not find a route of other hosts here.
  let end = name.length;
  while (end > 0 && name[end - 1] === '.') end -= 1;
  return end === name.length ? name : name.slice(0, end);
}

/** Returns whether a pattern such as `*.example.com` matches every name below one. */
export function isWildcard(pattern: string): boolean {
  return pattern.startsWith('*.');
}

/**
 * Returns how specific a host pattern is; of two that match one host, the greater goes first: a name, then the longest
 * wildcard, then any host.
 *
 * @param pattern undefined: any host
 */
export function hostRank(pattern: string | undefined): number {
  if (pattern === undefined) return 0;
  return isWildcard(pattern) ? pattern.length : Infinity;
}

/**
 * Returns whether every host of `inner` is matched by `outer`. A wildcard matches names with one more label or several, not
 * the domain itself.
 *
 * @param outer a host in its normal form, a wildcard, or undefined for any host
 * @param inner the same
 */
export function coversHost(outer: string | undefined, inner: string | undefined): boolean {
  if (outer === undefined || outer === inner) return true;
  if (inner === undefined || !isWildcard(outer)) return false;
  const suffix = outer.slice(1);
  return inner.endsWith(suffix) && inner.length > suffix.length;
}
