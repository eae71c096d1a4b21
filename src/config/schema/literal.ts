/** One literal segment of a path, held to the rules that a request's own path is held to: read in one way or refused. */
import { ParseError } from '../problem.js';

export interface Literal {
  /** Fully decoded, as routes are compared. */
  readonly text: string;
  /** In normal form, as it is sent: percent-encoded unreserved characters decoded (RFC 3986 6.2.2.2). */
  readonly sent: string;
  readonly hasEncodedSlash: boolean;
  readonly hasSemicolon: boolean;
}

const ESCAPE = /%([0-9a-f]{2})/gi;

export function readLiteral(segment: string): Literal | ParseError {
  const flaw = (why: string) => new ParseError(`the segment "${segment}" ${why}`);
  if (/[^\x21-\x7e]/.test(segment)) return flaw('has a character that must be percent-encoded');
  if (/[\\#?]/.test(segment)) return flaw('has a "\\", "#" or "?", which no path may have');
  if (/%(?![0-9a-f]{2})/i.test(segment)) return flaw('has a "%" that begins no escape such as %20');
  const sent = segment.replace(ESCAPE, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape;
  });
  if (/%5c/i.test(sent)) return flaw('has an encoded "\\", which the gate refuses');
  if (/%[01][0-9a-f]|%7f/i.test(sent))
    return flaw('has an encoded control character, which the gate refuses');
  if (/%25[0-9a-f]{2}/i.test(sent)) return flaw('is encoded twice, which the gate refuses');
  const text = decode(sent);
  if (text === undefined) return flaw('is not UTF-8 when decoded');
  if (text.split('/').some((part) => part === '.' || part === '..')) {
    return flaw('is "." or "..", which the gate refuses');
  }
  return { text, sent, hasEncodedSlash: /%2f/i.test(sent), hasSemicolon: text.includes(';') };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
