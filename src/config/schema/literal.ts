/** Parses one literal segment of a path by the rules for a request's path: it has one reading, or it is refused. */
import { ParseError } from '../problem.js';

/** A literal segment. */
export interface Literal {
  /** Fully decoded; routes are compared in this form. */
  readonly text: string;
  /** The normal form, which is sent: percent-encoded unreserved characters are decoded (RFC 3986 6.2.2.2). */
  readonly sent: string;
  readonly hasEncodedSlash: boolean;
  readonly hasSemicolon: boolean;
}

const ESCAPE = /%([0-9a-f]{2})/gi;

/** Parses and decodes a segment; an error for whatever the gateway refuses in a request. */
export function readLiteral(segment: string): Literal | ParseError {
  const failure = (reason: string) => new ParseError(`the segment "${segment}" ${reason}`);
  if (/[^\x21-\x7e]/.test(segment)) return failure('has a character that must be percent-encoded');
  if (/[\\#?]/.test(segment)) return failure('has a "\\", "#" or "?", which no path may have');
  if (/%(?![0-9a-f]{2})/i.test(segment)) return failure('has a "%" that begins no escape such as %20');
  const sent = segment.replace(ESCAPE, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape;
  });
  if (/%5c/i.test(sent)) return failure('has an encoded "\\", which the gateway refuses');
  if (/%[01][0-9a-f]|%7f/i.test(sent))
    return failure('has an encoded control character, which the gateway refuses');
  if (/%25[0-9a-f]{2}/i.test(sent)) return failure('is encoded twice, which the gateway refuses');
  const text = decode(sent);
  if (text === undefined) return failure('is not UTF-8 when decoded');
  if (text.split('/').some((part) => part === '.' || part === '..')) {
    return failure('is "." or "..", which the gateway refuses');
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
