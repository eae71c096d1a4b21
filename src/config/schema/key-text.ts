/** Checks texts that must be random keys, by the most randomness that they can hold. */
import { ParseError } from '../problem.js';

const BITS = 256;

/** A random text of 256 bits has more different characters than this, except for about one in 10^12. */
const MIN_DIFFERENT = { hexadecimal: 8, other: 15 };

/** Parses a key of at least 32 random bytes, in hexadecimal, base64 or another form. An empty text means no key. */
export function parseKeyText(text: string): string | ParseError {
  return text === '' || isStrong(text)
    ? text
    : new ParseError('must hold 32 random bytes; make one with: openssl rand -base64 32');
}

/** Whether the text can hold enough bits, by its length and alphabet, and has enough different characters. */
function isStrong(text: string): boolean {
  const isHexadecimal = /^(?:[0-9a-f]+|[0-9A-F]+)$/.test(text);
  const different = new Set(text).size;
  if (different < (isHexadecimal ? MIN_DIFFERENT.hexadecimal : MIN_DIFFERENT.other)) return false;
  return text.replace(/=+$/, '').length * Math.log2(alphabetOf(text, isHexadecimal)) >= BITS;
}

function alphabetOf(text: string, isHexadecimal: boolean): number {
  if (/^[0-9]+$/.test(text)) return 10;
  if (isHexadecimal) return 16;
  return /^[A-Za-z0-9+/_-]+=*$/.test(text) ? 64 : 94;
}
