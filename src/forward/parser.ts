/**
 * Corrects undici's HTTP/1.1 parser in two points without an option, for `connect.ts`. The corrections patch the
 * parser, since only it knows where a response begins. Otherwise the gateway would have to parse the bytes a second
 * time.
 *
 * undici stores the parser on the socket under a symbol. With a version that does not, undici's behaviour is unchanged
 * and test/forward/parser.test.ts fails. Written for 7.30.2 (lib/dispatcher/client-h1.js).
 */
import type { Socket } from 'node:net';
import { fieldOf, type RawHeaders } from './raw-headers.js';

/** The part of undici's parser that is used here. */
interface Parser {
  statusCode: number;
  headers: RawHeaders;
  headersSize: number;
  connection: string;
  keepAlive: string;
  contentLength: string;
  shouldKeepAlive: boolean;
  onHeadersComplete: (this: Parser, status: number, upgrade: boolean, shouldKeepAlive: boolean) => number;
  onMessageComplete: (this: Parser) => number;
}

/** What `onHeadersComplete` returns where no body follows. */
const NO_BODY = 1;

/**
 * Corrects the parser of a connection. Does nothing where there is no known parser.
 *
 * @param socket a socket that undici already uses
 */
export function correctParser(socket: Socket): void {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'parser');
  const parser: unknown = symbol && Reflect.get(socket, symbol);
  if (!isParser(parser)) return;
  const { onHeadersComplete, onMessageComplete } = parser;

  /**
   * undici closes the connection at an unrequested 100. A client must ignore one (RFC 9110 15.2), and the target may
   * have processed the request.
   */
  parser.onHeadersComplete = function dropContinue(status, upgrade, shouldKeepAlive) {
    if (status !== 100) return onHeadersComplete.call(this, status, upgrade, shouldKeepAlive);
    this.statusCode = status;
    this.headers = [];
    this.headersSize = 0;
    this.connection = '';
    this.keepAlive = '';
    this.contentLength = '';
    return NO_BODY;
  };

  /**
   * llhttp reads nothing after a trailer `Connection: close`, but undici has already decided to reuse the connection.
   * The next response on it would be an error.
   */
  parser.onMessageComplete = function heedTrailers() {
    const trailers = this.headers;
    if (trailers.length > 0 && fieldOf(trailers, 'connection') !== undefined) this.shouldKeepAlive = false;
    return onMessageComplete.call(this);
  };
}

function isParser(value: unknown): value is Parser {
  return (
    typeof value === 'object' &&
    value !== null &&
    'onHeadersComplete' in value &&
    typeof value.onHeadersComplete === 'function' &&
    'onMessageComplete' in value &&
    typeof value.onMessageComplete === 'function'
  );
}
