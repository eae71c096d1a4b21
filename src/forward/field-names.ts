/** The hop-by-hop fields (RFC 9110 7.6.1), for `request-headers.ts` and `response-headers.ts`. */

/**
 * Fields that are never forwarded: those of RFC 9110 7.6.1, the proxy authentication fields, which are for the first
 * proxy (11.7), and the field that requests an upgrade to HTTP/2 (RFC 7540 3.2.1).
 */
export const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'http2-settings',
];

/** Fields that a Connection field cannot remove. Losing one would change the request's caller or its end. */
const PROTECTED = new Set(['host', 'content-length', 'authorization']);

/**
 * Adds the names that a Connection field nominates, in lower case, to `into`. Returns undefined while there are none.
 */
export function nominate(value: string, into: Set<string> | undefined): Set<string> | undefined {
  if (value === 'keep-alive' || value === 'close') return into;
  let names = into;
  for (const option of value.toLowerCase().split(',')) {
    const name = option.trim();
    if (name !== '' && !PROTECTED.has(name)) (names ??= new Set()).add(name);
  }
  return names;
}
