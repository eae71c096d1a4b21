/** Responds to parse errors, which never become requests: 400, 405, 408, 431 or 501. Called for Node's `clientError`. */
import type { Duplex } from 'node:stream';
import { Refusal, type RefusalReason } from '../model/refusal.js';
import { sendRawError } from './send-error.js';
import { hasUnknownMethod, isOfHead, type HttpParseError } from './request-line.js';
import type { PipelinedRequests } from './pipelined-requests.js';
import { unparsedHead, type RecordUnparsed } from './record-unparsed.js';

export interface ParseErrorOptions {
  readonly newId: () => string;
  readonly recordUnparsed: RecordUnparsed;
}

/** The error for CONNECT, which is never tunnelled: the response is 405, as under every route. */
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

/**
 * The handler for parse errors of one server. It inspects only the form of the request line and logs none of the raw
 * packet, which may contain a secret.
 */
export class ParseErrorHandler {
  readonly #requests: Pick<PipelinedRequests, 'latest'>;
  readonly #options: ParseErrorOptions;
  /** The parser fails again for all later bytes of the connection. */
  readonly #failed = new WeakSet<Duplex>();

  constructor(requests: Pick<PipelinedRequests, 'latest'>, options: ParseErrorOptions) {
    this.#requests = requests;
    this.#options = options;
  }

  /** Responds to an error of the parser, or closes the connection where no client can read a response. */
  handle(error: HttpParseError, socket: Duplex): void {
    const refusal = refusalOf(error);
    if (refusal === undefined || !socket.writable) {
      socket.destroy();
      return;
    }
    if (this.#failed.has(socket)) return;
    this.#failed.add(socket);
    // Node removes its own listener after a CONNECT, and an unhandled error would end the process.
    socket.on('error', () => socket.destroy());
    this.#sendInOrder(refusal, methodOf(error), socket);
  }

  /** With pipelining, the refusal waits for the current response: its bytes must not be read as part of that response. */
  #sendInOrder(refusal: Refusal, method: string | undefined, socket: Duplex): void {
    const state = this.#requests.latest(socket);
    if (!state || (state.res.writableFinished && state.res.req.complete)) {
      this.#respondWithoutRequest(refusal, method, socket);
    } else if (state.res.req.complete) {
      state.res.once('close', () => this.#respondWithoutRequest(refusal, method, socket));
    } else if (state.isWaiting) {
      // The body of a waiting request failed: that request is refused when it would begin.
      state.parseError = refusal;
    } else if (state.res.headersSent) {
      // The body of the current request failed after its response began: no refusal can be sent.
      socket.destroy();
    } else {
      state.parseError = refusal;
      sendRawError(socket, refusal, state.head);
    }
  }

  #respondWithoutRequest(refusal: Refusal, method: string | undefined, socket: Duplex): void {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const head = { ...unparsedHead(this.#options.newId(), socket), method };
    sendRawError(socket, refusal, head);
    this.#options.recordUnparsed(head, refusal, refusal.status);
  }
}

function methodOf(error: HttpParseError): string | undefined {
  if (error instanceof UnsupportedConnect) return 'CONNECT';
  return isOfHead(error) ? 'HEAD' : undefined;
}

/** Returns the refusal of a parse error; undefined where no client can read a response: after a broken connection or a failed TLS handshake. */
export function refusalOf(error: HttpParseError): Refusal | undefined {
  if (error instanceof UnsupportedConnect) return NO_TUNNEL;
  if (hasUnknownMethod(error)) return UNKNOWN_METHOD;
  const { code = '' } = error;
  const reason = REASONS[code] ?? (code.startsWith('HPE_') ? 'malformed_request' : undefined);
  return reason && new Refusal(reason);
}
