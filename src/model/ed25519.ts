/** Tells whether an Ed25519 public key is one of the few points for which anybody can make signatures. */

/**
 * The y coordinates of the points of small order, little-endian, also those that are written one field prime too high. With
 * such a key a signature of zeros is right for one message in eight or more, and OpenSSL does not refuse it (RFC 8032 5.1.7).
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  ...['ec', 'ed', 'ee'].map((first) => `${first}${'ff'.repeat(30)}7f`),
]);

/**
 * Whether a key has small order.
 * @param x the key as in a JWK: 32 bytes as base64url (RFC 8037 2)
 */
export function hasSmallOrder(x: string): boolean {
  const y = Buffer.from(x, 'base64url');
  // The highest bit is the sign of the other coordinate.
  if (y.length === 32) y[31] = y[31]! & 0x7f;
  return SMALL_ORDER.has(y.toString('hex'));
}
