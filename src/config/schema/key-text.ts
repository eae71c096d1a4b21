/** Texts that are to be random keys: how much randomness they can hold at most. */
import { ParseError } from '../problem.js';

const BITS = 256;

/** A random text of 256 bits has more different characters than this, but for one in 10^12 or so. */
const FEWEST_DIFFERENT = { hexadecimal: 8, other: 15 };

/** A key of at least 32 random bytes as text, in hexadecimal, base64 or any other form; or empty, for none. */
export function parseKeyText(text: string): string | ParseError {
  return text === '' || isStrong(text)
    ? text
    : new ParseError('must hold 32 random bytes; make one with: openssl rand -base64 32');
}

/** The most bits that a text of this length and alphabet can hold, and whether it looks random at all. */
function isStrong(text: string): boolean {
  const isHexadecimal = /^(?:[0-9a-f]+|[0-9A-F]+)$/.test(text);
  const different = new Set(text).size;
  if (different < (isHexadecimal ? FEWEST_DIFFERENT.hexadecimal : FEWEST_DIFFERENT.other)) return false;
  return text.replace(/=+$/, '').length * Math.log2(alphabetOf(text, isHexadecimal)) >= BITS;
}

function alphabetOf(text: string, isHexadecimal: boolean): number {
  if (/^[0-9]+$/.test(text)) return 10;
  if (isHexadecimal) return 16;
  return /^[A-Za-z0-9+/_-]+=*$/.test(text) ? 64 : 94;
}
