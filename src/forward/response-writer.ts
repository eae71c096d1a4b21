/** Writes an exchange's response to the client, for `proxy-exchange.ts`, no faster than the client reads. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Refusal } from '../model/refusal.js';
import type { Upstream } from '../model/upstream.js';
import type { Attempt } from './attempt.js';
import { breakConnection, hasHeadBegun, isOpen } from './client-connection.js';
import type { Draining, Exchange, TokenWatcher } from './exchange.js';
import { TUNNELS_FULL, UNKNOWN_CODING } from './failures.js';
import { listOf, type ParsedHeaders, type RawHeaders } from './raw-headers.js';
import { flushHead, forwardInterim, hasNoBody, isEventStream, writeFinalHead } from './response-head.js';
import { trailerFields } from './response-headers.js';

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
  isBodiless = false;
  /** Whether it is an event stream. */
  isEventStream = false;
  #controller: Dispatcher.DispatchController | undefined;
  /** The first chunk, delayed until it is known whether it is the whole body. */
  #first: Buffer | undefined;
  #isRestAwaited = false;
  #isFull = false;
  #idleTimes = 0;
  #isEnded = false;
  #isSized = false;
  /** The upstream's Connection field, which may nominate trailers too. */
  #connection: string | undefined;
  #events: ClientEvents | undefined;
  #unsubscribe: (() => void) | undefined;
  /** The socket of a pipelined request, which `res` does not have yet. */
  #queuedOn: Socket | undefined;
  #onDrain: (() => void) | undefined;

  /** @param sink emits `drain` when the client reads: `res`, or its socket where no server manages it */
  constructor(
    readonly exchange: Exchange,
    readonly upstream: Upstream,
    readonly sink: ServerResponse | Duplex,
    readonly streamWatcher: TokenWatcher | undefined,
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
    return isOpen(this.exchange);
  }

  readonly #onClose = (): void => {
    if (this.exchange.res.writableFinished) this.#events?.onResponseFlushed();
    else this.#events?.onClientGone();
  };

  writeInterim(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: ParsedHeaders,
    reason: string,
  ): void {
    forwardInterim(this.exchange, controller.rawHeaders as RawHeaders, status, headers, reason);
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
    this.isBodiless = hasNoBody(status);
    this.#connection = listOf(headers, 'connection');
    const raw = controller.rawHeaders as RawHeaders;
    writeFinalHead(this.exchange, raw, status, reason, this.#connection, coding !== undefined);

    this.#controller = controller;
    this.status = status;
    this.#isSized = headers['content-length'] !== undefined;
    this.idleMs = this.isEventStream ? this.upstream.tunnelIdleMs : this.upstream.idleTimeoutMs;
    if (this.isEventStream)
      this.#unsubscribe = this.streamWatcher?.watch(this.exchange.admission.principal, () =>
        this.#events?.onTokenEnded(),
      );
    process.nextTick(awaitRest, this);
    return undefined;
  }

  write(chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes === chunk.length && !this.#isRestAwaited) {
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
    if (this.exchange.res.write(chunk) || this.#isFull) return;
    this.#isFull = true;
    this.#onDrain = () => {
      this.#onDrain = undefined;
      this.#isFull = false;
      this.#idleTimes = 0;
      this.#controller?.resume();
    };
    this.sink.once('drain', this.#onDrain);
    this.#controller?.pause();
  }

  writeTrailers(raw: RawHeaders | null): void {
    const { res, responseHeaders, admission } = this.exchange;
    if (!raw || raw.length === 0 || !res.chunkedEncoding) return;
    const changes = admission.route.responseHeaders;
    res.addTrailers(trailerFields(raw, this.#connection, responseHeaders, changes));
  }

  /** Ends the response. @param slow is called where the client does not take the rest at once */
  end(slow: Draining): void {
    this.#isEnded = true;
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
    if (this.#isEnded || res.destroyed) return;
    this.#isRestAwaited = true;
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
    return hasHeadBegun(this.exchange.res, this.sink);
  }

  get waitsForClient(): boolean {
    return this.#isFull || this.#isEnded;
  }

  /** Counts an idle time. True where the client has read nothing for too many of them. Called once per idle time. */
  hasStalled(): boolean {
    this.#idleTimes += 1;
    return this.#idleTimes >= STALLED_AFTER;
  }

  /** Breaks the response visibly: where the connection's end marks the end of the body, it sends a reset. */
  break(): void {
    breakConnection(this.exchange.res, this.sink, this.#isSized);
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

function awaitRest(writer: ResponseWriter): void {
  writer.awaitRest();
}
