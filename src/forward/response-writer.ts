/** Writes an exchange's response to the client, for `proxy-exchange.ts`, no faster than the client reads. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Dispatcher } from 'undici';
import type { Refusal } from '../model/refusal.js';
import type { Upstream } from '../model/upstream.js';
import type { Attempt } from './attempt.js';
import type { Draining, Exchange, StreamWatcher } from './exchange.js';
import { TUNNELS_FULL, UNKNOWN_CODING } from './failures.js';
import { listOf, type ParsedHeaders, type RawHeaders } from './raw-headers.js';
import {
  FORBIDDEN,
  responseFields,
  fitReason,
  headText,
  passingFields,
  trailerFields,
  writeHead,
} from './response-headers.js';

/**
 * A client stalls when it reads nothing for this many idle times. Reading shows only when the kernel's buffer of up to
 * some megabytes has room again, so with one idle time a slow reader would count as stalled.
 */
const STALLED_AFTER = 5;

export interface ClientEvents {
  /** The connection ended before the response. */
  onClientGone(): void;
  /** The whole response was passed to the system. */
  onResponseFlushed(): void;
  /** The token of an event stream expired or was revoked, or was revoked while the client reads the rest. */
  onTokenEnded(): void;
  /** The body did not come together with the head. From now on the idle timeout applies. */
  onRestAwaited(): void;
  /** The gateway's own code threw outside the upstream's events. */
  onBug(error: unknown): void;
}

/** The response of one exchange. */
export class ResponseWriter {
  status = 0;
  bytes = 0;
  idleMs = 0;
  /** 204 and 304 never have a body (RFC 9110 15.3.5, 15.4.5). */
  isBodiless = false;
  /** Whether it is an event stream. */
  isEventStream = false;
  #controller: Dispatcher.DispatchController | undefined;
  /** The first chunk, delayed until it is known whether it is the whole body. */
  #first: Buffer | undefined;
  #restAwaited = false;
  #full = false;
  #idleTimes = 0;
  #ended = false;
  #sized = false;
  /** The upstream's Connection field, which may nominate trailers too. */
  #connection: string | undefined;
  #events: ClientEvents | undefined;
  #unsubscribe: (() => void) | undefined;

  /** @param sink emits `drain` when the client reads: `res`, or its socket where no server manages it */
  constructor(
    readonly exchange: Exchange,
    readonly upstream: Upstream,
    readonly sink: ServerResponse | Duplex,
    readonly streamWatcher: StreamWatcher | undefined,
  ) {}

  /** Starts to watch for the end of the client's connection. False where it has already ended. */
  watch(events: ClientEvents): boolean {
    const { req, res } = this.exchange;
    this.#events = events;
    // A pipelined `res` has no socket yet and gets no `close` event; nor does its `req`, once it is read.
    if (res.socket === null) {
      this.#queuedOn = req.socket;
      this.#queuedOn.setMaxListeners(0).once('close', this.#onClose);
    }
    // A server closes each `res` after its end. Without a server, `res` closes with its socket, much later.
    if (this.sink !== res) res.once('finish', this.#onClose);
    res.once('close', this.#onClose);
    return !res.destroyed && !isCut(req) && !req.socket.destroyed;
  }

  #queuedOn: Socket | undefined;

  readonly #onClose = (): void => {
    if (this.exchange.res.writableFinished) this.#events?.onResponseFlushed();
    else this.#events?.onClientGone();
  };

  /**
   * Forwards an interim response (RFC 9110 15.2): Early Hints, Processing and others below 200. It drops one for an
   * HTTP/1.0 client, which knows none; and for a pipelined or slow client, since an upstream may send any number of
   * them.
   */
  writeInterim(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: ParsedHeaders,
    reason: string,
  ): void {
    const { req, res, admission, responseHeaders } = this.exchange;
    const { socket } = res;
    if (status < 102 || req.httpVersion !== '1.1' || socket === null || socket.writableNeedDrain) return;
    const fields = passingFields(
      controller.rawHeaders as RawHeaders,
      listOf(headers, 'connection'),
      FORBIDDEN.bodiless,
      responseHeaders,
      admission.route.cors,
    );
    // Node has no public API that writes all fields of one. Before the head, `res` has written nothing.
    socket.write(headText(`HTTP/1.1 ${status} ${fitReason(reason)}`, fields), 'latin1');
  }

  /** Writes the head. Returns the refusal where it cannot be forwarded; then nothing is written. */
  writeHead(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: ParsedHeaders,
    reason: string,
    attempt: Pick<Attempt, 'becomeTunnel'> | undefined,
  ): Refusal | undefined {
    const coding = listOf(headers, 'transfer-encoding');
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') return UNKNOWN_CODING;
    this.isEventStream = isEventStream(headers['content-type']);
    if (this.isEventStream && attempt?.becomeTunnel() !== true) return TUNNELS_FULL;
    const { req, res, head, admission, responseHeaders } = this.exchange;
    this.isBodiless = status === 204 || status === 304;
    const hasTrailers =
      coding !== undefined && !this.isBodiless && head.method !== 'HEAD' && req.httpVersion !== '1.0';
    const forbidden = status === 204 ? FORBIDDEN.bodiless : hasTrailers ? FORBIDDEN.chunked : FORBIDDEN.plain;
    this.#connection = listOf(headers, 'connection');
    const fields = responseFields(
      controller.rawHeaders as RawHeaders,
      this.#connection,
      forbidden,
      responseHeaders,
      admission.route.cors,
    );
    // After an early response, the rest of the request body could be mistaken for the next request.
    if (!req.complete && !responseHeaders.includes('Connection')) fields.push('Connection', 'close');
    writeHead(res, status, reason, fields);

    this.#controller = controller;
    this.status = status;
    this.#sized = headers['content-length'] !== undefined;
    this.idleMs = this.isEventStream ? this.upstream.tunnelIdleMs : this.upstream.idleTimeoutMs;
    if (this.isEventStream)
      this.#unsubscribe = this.streamWatcher?.watch(admission.principal, () => this.#events?.onTokenEnded());
    process.nextTick(awaitRest, this);
    return undefined;
  }

  write(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes === chunk.length && !this.#restAwaited) {
      this.#first = chunk;
      return;
    }
    this.#writeFirst();
    this.#write(chunk);
  }

  #writeFirst(): void {
    const first = this.#first;
    this.#first = undefined;
    if (first) this.#write(first);
  }

  #write(chunk: Buffer): void {
    if (this.exchange.res.write(chunk) || this.#full) return;
    this.#full = true;
    this.#onDrain = () => {
      this.#onDrain = undefined;
      this.#full = false;
      this.#idleTimes = 0;
      this.#controller?.resume();
    };
    this.sink.once('drain', this.#onDrain);
    this.#controller?.pause();
  }

  #onDrain: (() => void) | undefined;

  writeTrailers(raw: RawHeaders | null): void {
    const { res, responseHeaders } = this.exchange;
    if (!raw || raw.length === 0 || !res.chunkedEncoding) return;
    res.addTrailers(trailerFields(raw, this.#connection, responseHeaders));
  }

  /** Ends the response. @param slow is called where the client does not take the rest at once */
  end(slow: Draining): void {
    this.#ended = true;
    this.exchange.end(this.exchange.res, this.#first, slow);
  }

  /** Waits for the client only. Until it has read everything, a revocation of the caller ends the response. */
  watchRevocation(): void {
    const { streamWatcher } = this;
    if (streamWatcher === undefined || this.#unsubscribe !== undefined) return;
    const checkRevocation = (): void => {
      if (streamWatcher.isRevoked(this.exchange.admission.principal)) this.#events?.onTokenEnded();
    };
    this.#unsubscribe = streamWatcher.onRevocation(checkRevocation);
    checkRevocation();
  }

  /** Sends a head at once where its body did not come in the same packet. Event streams and slow bodies need it. */
  awaitRest(): void {
    const { res } = this.exchange;
    if (this.#ended || res.destroyed) return;
    this.#restAwaited = true;
    try {
      if (this.bytes === 0) flushHead(res);
      this.#writeFirst();
      this.#events?.onRestAwaited();
    } catch (error) {
      this.#events?.onBug(error);
    }
  }

  /** Whether a part of the head was written, so that a refusal is too late. */
  get hasBegun(): boolean {
    const { res } = this.exchange;
    // A tunnel detaches the response from its socket before it writes the 101 there.
    return res.headersSent || (this.sink !== res && res.socket === null);
  }

  get waitsForClient(): boolean {
    return this.#full || this.#ended;
  }

  /** Counts an idle time. True where the client has read nothing for too many of them. Called once per idle time. */
  hasStalled(): boolean {
    this.#idleTimes += 1;
    return this.#idleTimes >= STALLED_AFTER;
  }

  /** Breaks the response visibly: where the connection's end marks the end of the body, it sends a reset. */
  break(): void {
    const { res } = this.exchange;
    // Destroying a response that a tunnel has detached would not close the socket.
    if (this.sink !== res) this.sink.destroy();
    const { socket } = res;
    const hasMarkedEnd = res.chunkedEncoding || this.#sized;
    if (!hasMarkedEnd && socket instanceof Socket && !(socket instanceof TLSSocket)) reset(socket);
    res.destroy();
  }

  /** Removes all listeners from the client. */
  release(): void {
    this.#unsubscribe?.();
    const { res } = this.exchange;
    if (this.#onDrain) this.sink.off('drain', this.#onDrain);
    this.#queuedOn?.off('close', this.#onClose);
    if (this.sink !== res) res.off('finish', this.#onClose);
    res.off('close', this.#onClose);
  }
}

/** With several Content-Type fields a client may use any, so one event stream among them is enough. */
function isEventStream(types: ParsedHeaders[string]): boolean {
  if (typeof types === 'object') return types.some(isEventStream);
  return types?.toLowerCase().startsWith('text/event-stream') === true;
}

/** Whether the request was cut off. A request whose body was read to its end is destroyed too, without an error. */
function isCut(req: IncomingMessage): boolean {
  return req.destroyed && !(req.complete && req.readableEnded);
}

/** Resets a connection. Node would end the stream first and send a FIN, which the client may read as the body's end. */
function reset(socket: Socket): void {
  socket.destroySoon = () => socket.destroy();
  socket.resetAndDestroy();
}

function awaitRest(writer: ResponseWriter): void {
  writer.awaitRest();
}

/** Sends the head as latin1. `flushHeaders` would send it as UTF-8, each byte from 0x80 as two. */
function flushHead(res: ServerResponse): void {
  res.write('', 'latin1');
}
