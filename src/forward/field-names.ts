/** Which fields belong to one connection, for the headers of both ways (RFC 9110 7.6.1). */

/**
 * Fields that never pass the gate. Beside those that RFC 9110 7.6.1 names: the proxy authentication fields, which are
 * for the first proxy on the way (11.7), and what asks for HTTP/2 over an upgrade (RFC 7540 3.2.1).
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

/** Fields that a Connection field cannot take away: losing one would change whose request it is or where it ends. */
const PROTECTED = new Set(['host', 'content-length', 'authorization']);

/** The fields that a Connection field's value nominates, in lower case. */
export function nominate(value: string, into: Set<string> | undefined): Set<string> | undefined {
  if (value === 'keep-alive' || value === 'close') return into;
  let names = into;
  for (const option of value.toLowerCase().split(',')) {
    const name = option.trim();
    if (name !== '' && !PROTECTED.has(name)) (names ??= new Set()).add(name);
  }
  return names;
}
