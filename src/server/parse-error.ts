/** The answer to what Node's parser gave up on, which never becomes a request: 400, 405, 408, 431 or 501. */
import type { Duplex } from 'node:stream';
import { Refusal, type RefusalReason } from '../model/refusal.js';
import { sendRawError } from './send-error.js';
import { hasUnknownMethod, isOfHead, type ParseError } from './request-line.js';
import type { ConnectionState } from './connection-state.js';
import { unparsedHead, type RecordUnparsed } from './record-unparsed.js';

export interface ParseErrorOptions {
  /** The latest request of a connection, begun or waiting. */
  readonly latest: (socket: Duplex) => ConnectionState | undefined;
  readonly newId: () => string;
  readonly recordUnparsed: RecordUnparsed;
}

/** CONNECT is never tunnelled: it is answered 405, as under every route. */
export class UnsupportedConnect extends Error {
  readonly code = 'TOLLGATE_CONNECT';
}

const REASONS: Readonly<Record<string, RefusalReason>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};
const NO_TUNNEL = new Refusal('method_not_allowed', ['Allow', '']);
const UNKNOWN_METHOD = new Refusal('unknown_method');

/** The error's raw packet may hold a secret: only the form of its request line is looked at, and nothing of it is told. */
export function createParseErrorHandler({ latest, newId, recordUnparsed }: ParseErrorOptions) {
  // The parser fails again at whatever comes behind.
  const failed = new WeakSet<Duplex>();

  function answerParseError(error: ParseError, socket: Duplex): void {
    const refusal = refusalOf(error);
    if (refusal === undefined || !socket.writable) {
      socket.destroy();
      return;
    }
    if (failed.has(socket)) return;
    failed.add(socket);
    // Node takes its own listener away after a CONNECT, and an error that nobody hears ends the process.
    socket.on('error', () => socket.destroy());
    inItsTurn(refusal, methodOf(error), socket);
  }

  /** Error bytes must not be taken for part of an answer that is still going out (pipelining): they wait for its end. */
  function inItsTurn(refusal: Refusal, method: string | undefined, socket: Duplex): void {
    const turn = latest(socket);
    if (!turn || (turn.res.writableFinished && turn.res.req.complete)) {
      respondWithoutRequest(refusal, method, socket);
    } else if (turn.res.req.complete) {
      turn.res.once('close', () => respondWithoutRequest(refusal, method, socket));
    } else if (turn.isWaiting) {
      // What failed is the body of a request that has not begun: it is refused when it would begin.
      turn.parseError = refusal;
    } else if (turn.res.headersSent) {
      // What failed is the body of the very request that is under way: it can only be answered before its answer began.
      socket.destroy();
    } else {
      turn.parseError = refusal;
      sendRawError(socket, refusal, turn.head);
    }
  }

  function respondWithoutRequest(refusal: Refusal, method: string | undefined, socket: Duplex): void {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const head = { ...unparsedHead(newId(), socket), method };
    sendRawError(socket, refusal, head);
    recordUnparsed(head, refusal, refusal.status);
  }

  return answerParseError;
}

function methodOf(error: ParseError): string | undefined {
  if (error instanceof UnsupportedConnect) return 'CONNECT';
  return isOfHead(error) ? 'HEAD' : undefined;
}

/** Undefined where nobody is there to answer: a connection that broke, or a TLS handshake that came to nothing. */
function refusalOf(error: ParseError): Refusal | undefined {
  if (error instanceof UnsupportedConnect) return NO_TUNNEL;
  if (hasUnknownMethod(error)) return UNKNOWN_METHOD;
  const { code = '' } = error;
  const reason = REASONS[code] ?? (code.startsWith('HPE_') ? 'malformed_request' : undefined);
  return reason && new Refusal(reason);
}
