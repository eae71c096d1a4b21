/** Percent-encodes the values of the fields that identify the caller. Used by `identity.ts` and `claim-fields.ts`. */

const PERCENT = 0x25;

/**
 * Encodes the UTF-8 form of a text, `%` always, so that every result can be decoded without ambiguity.
 * @param isKept whether a byte stays as it is
 */
export function percentEncode(
  value: string,
  isKept: (byte: number, at: number, bytes: Buffer) => boolean,
): string {
  const bytes = Buffer.from(value, 'utf8');
  let text = '';
  for (const [at, byte] of bytes.entries()) {
    text +=
      byte !== PERCENT && isKept(byte, at, bytes)
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
