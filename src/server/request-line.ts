/** What can be told of a request line that Node's parser has given up on, as far as it is in the last packet. */
import { METHODS } from 'node:http';

/** As Node emits it with `clientError`. */
export interface ParseError extends NodeJS.ErrnoException {
  /** What was being parsed; absent where time ran out. */
  readonly rawPacket?: Buffer;
  /** How much of it is sound. */
  readonly bytesParsed?: number;
}

const KNOWN: ReadonlySet<string> = new Set(METHODS);
/** RFC 9112 3, with a method as in RFC 9110 5.6.2 and a target without spaces. */
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) [!-~]+ HTTP\/1\.[01]$/;
const TOKEN_CHARACTER = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;
/** Longer than any method: what a stranger sends is looked at no further back for the beginning of one. */
const LONGEST_METHOD = 256;
/** The largest packet that is read at once. */
const LOOK_BACK = 64 * 1024;

/**
 * Whether a request line is sound but for its method, which Node does not know: 501 (RFC 9110 15.6.2). Where the line is
 * not all in one packet it cannot be told from garbage, and the answer is false.
 */
export function hasUnknownMethod(error: ParseError): boolean {
  const { code, rawPacket, bytesParsed = 0 } = error;
  // RTSP's methods are known to the parser, which only finds at the version that they are none of HTTP's.
  const isMethod = code === 'HPE_INVALID_METHOD';
  if (rawPacket === undefined || (!isMethod && code !== 'HPE_INVALID_CONSTANT')) return false;
  const before = rawPacket.toString('latin1', Math.max(0, bytesParsed - LOOK_BACK), bytesParsed);
  // A body that the line before belongs to need not end with a line end.
  const begun = isMethod ? tokenAtEnd(before) : before.slice(before.lastIndexOf('\n') + 1);
  const end = rawPacket.indexOf('\n', bytesParsed);
  if (end === -1) return false;
  const line = (begun + rawPacket.toString('latin1', bytesParsed, end)).replace(/\r$/, '');
  const method = REQUEST_LINE.exec(line)?.[1];
  return method !== undefined && !KNOWN.has(method);
}

/** Whether the head that was being read is one of a HEAD request, whose response has no body; false where it cannot be told. */
export function isOfHead({ rawPacket, bytesParsed = 0 }: ParseError): boolean {
  if (rawPacket === undefined) return false;
  const before = rawPacket.toString('latin1', Math.max(0, bytesParsed - LOOK_BACK), bytesParsed);
  // The last head begins behind the last empty line. No expression with `$` finds it in linear time.
  const from = Math.max(before.lastIndexOf('\n\n'), before.lastIndexOf('\n\r\n'), 0);
  return before
    .slice(from)
    .replace(/^[\r\n]+/, '')
    .startsWith('HEAD ');
}

function tokenAtEnd(text: string): string {
  const least = Math.max(0, text.length - LONGEST_METHOD);
  let from = text.length;
  while (from > least && TOKEN_CHARACTER.test(text.charAt(from - 1))) from -= 1;
  return text.slice(from);
}
