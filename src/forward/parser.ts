/**
 * Two corrections of undici's HTTP/1.1 parser, for which it has no option. They are made on the parser itself, since only
 * that knows where a response begins: what is read from the socket would else have to be parsed a second time.
 *
 * The parser stands on the socket under a symbol of undici's own. A version that has none there behaves as undici does;
 * test/forward/parser.test.ts would say so. It is that of 7.30.2 (lib/dispatcher/client-h1.js).
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
 * Corrects the parser of a connection.
 *
 * @param socket that undici has taken over
 */
export function correctParser(socket: Socket): void {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'parser');
  const parser: unknown = symbol && Reflect.get(socket, symbol);
  if (!isParser(parser)) return;
  const { onHeadersComplete, onMessageComplete } = parser;

  /**
   * undici takes a 100 that it has not asked for as the end of the connection. A client must ignore one (RFC 9110 15.2),
   * and the request may have been carried out.
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
   * llhttp reads nothing behind a trailer `Connection: close`, but undici has decided by then that the connection stays:
   * the next response on it would be an error.
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
