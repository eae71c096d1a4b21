/** Inspects a request line that Node's parser has rejected, as far as it is in the last packet. Used by `parse-error.ts`. */
import { METHODS } from 'node:http';

/** As Node emits it with `clientError`. */
export interface HttpParseError extends NodeJS.ErrnoException {
  /** The data that was being parsed; absent after a timeout. */
  readonly rawPacket?: Buffer;
  /** How many bytes of it were valid. */
  readonly bytesParsed?: number;
}

const KNOWN: ReadonlySet<string> = new Set(METHODS);
/** RFC 9112 3: the method is a token (RFC 9110 5.6.2), and the target has no spaces. */
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) [!-~]+ HTTP\/1\.[01]$/;
const TOKEN_CHARACTER = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;
/** Longer than any method; bounds the search for the beginning of one. */
const MAX_METHOD_LENGTH = 256;
/** Node reads at most this many bytes at once. */
const LOOK_BACK = 64 * 1024;

/**
 * Returns whether a request line is valid except for a method that Node does not know: 501 (RFC 9110 15.6.2). False where
 * the line is not in one packet, since it cannot be distinguished from garbage.
 */
export function hasUnknownMethod(error: HttpParseError): boolean {
  const { code, rawPacket, bytesParsed = 0 } = error;
  // The parser knows RTSP's methods and detects only at the version that they are not HTTP's.
  const isMethod = code === 'HPE_INVALID_METHOD';
  if (rawPacket === undefined || (!isMethod && code !== 'HPE_INVALID_CONSTANT')) return false;
  const before = rawPacket.toString('latin1', Math.max(0, bytesParsed - LOOK_BACK), bytesParsed);
  // The previous request's body need not end with a line break.
  const methodStart = isMethod ? tokenAtEnd(before) : before.slice(before.lastIndexOf('\n') + 1);
  const end = rawPacket.indexOf('\n', bytesParsed);
  if (end === -1) return false;
  const line = (methodStart + rawPacket.toString('latin1', bytesParsed, end)).replace(/\r$/, '');
  const method = REQUEST_LINE.exec(line)?.[1];
  return method !== undefined && !KNOWN.has(method);
}

/** Returns whether the rejected head is of a HEAD request, whose response has no body; false where this is unknown. */
export function isOfHead({ rawPacket, bytesParsed = 0 }: HttpParseError): boolean {
  if (rawPacket === undefined) return false;
  const before = rawPacket.toString('latin1', Math.max(0, bytesParsed - LOOK_BACK), bytesParsed);
  // The last head begins after the last empty line. No expression with `$` finds it in linear time.
  const from = Math.max(before.lastIndexOf('\n\n'), before.lastIndexOf('\n\r\n'), 0);
  return before
    .slice(from)
    .replace(/^[\r\n]+/, '')
    .startsWith('HEAD ');
}

function tokenAtEnd(text: string): string {
  const least = Math.max(0, text.length - MAX_METHOD_LENGTH);
  let from = text.length;
  while (from > least && TOKEN_CHARACTER.test(text.charAt(from - 1))) from -= 1;
  return text.slice(from);
}
