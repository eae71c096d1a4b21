/** The answer to what Node's parser gave up on, which never becomes a request: 400, 405, 408 or 431. */
import type { Duplex } from 'node:stream';
import { Refusal, type RefusalReason } from '../model/refusal.js';
import { refuseRaw } from './answer.js';
import type { Turns } from './turn.js';
import { unreadHead, type TellUnread } from './unread.js';

export interface ParseErrorOptions {
  readonly turns: Turns;
  readonly newId: () => string;
  readonly tellUnread: TellUnread;
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

/** The error's raw packet may hold a secret: only its code is looked at, and nothing of it is told. */
export function createAnswerParseError({ turns, newId, tellUnread }: ParseErrorOptions) {
  // The parser fails again at whatever comes behind.
  const failed = new WeakSet<Duplex>();

  function answerParseError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const refusal = refusalOf(error);
    if (refusal === undefined || !socket.writable) {
      socket.destroy();
      return;
    }
    if (failed.has(socket)) return;
    failed.add(socket);
    // Node takes its own listener away after a CONNECT, and an error that nobody hears ends the process.
    socket.on('error', () => socket.destroy());
    inItsTurn(refusal, socket);
  }

  /** Error bytes must not be taken for part of an answer that is still going out (pipelining): they wait for its end. */
  function inItsTurn(refusal: Refusal, socket: Duplex): void {
    const turn = turns.get(socket);
    if (!turn || turn.res.writableFinished) {
      answerNobodys(refusal, socket);
    } else if (turn.res.req.complete) {
      turn.res.once('close', () => answerNobodys(refusal, socket));
    } else if (turn.res.headersSent || turn.res.socket === null) {
      // What failed is the body of the very request that is under way: it can only be answered before its answer
      // began, and while no earlier one has the socket.
      socket.destroy();
    } else {
      turn.broken = refusal;
      refuseRaw(socket, refusal, turn.head.id);
    }
  }

  function answerNobodys(refusal: Refusal, socket: Duplex): void {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const head = unreadHead(newId(), socket);
    const method = refusal === NO_TUNNEL ? 'CONNECT' : undefined;
    refuseRaw(socket, refusal, head.id);
    tellUnread({ ...head, method }, refusal, refusal.status);
  }

  return answerParseError;
}

/** Undefined where nobody is there to answer: a connection that broke, or a TLS handshake that came to nothing. */
function refusalOf(error: NodeJS.ErrnoException): Refusal | undefined {
  if (error instanceof UnsupportedConnect) return NO_TUNNEL;
  const { code = '' } = error;
  const reason = REASONS[code] ?? (code.startsWith('HPE_') ? 'malformed_request' : undefined);
  return reason && new Refusal(reason);
}
