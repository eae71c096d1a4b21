/** The client's side of an exchange: the answer as it is written to `res`, no faster than the client reads. */
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
 * How many idle times a client may take nothing. More than one, since what it takes is seen only when the kernel's
 * buffer, up to megabytes of it, has a good part free again: a slow reader must not be taken for a dead one.
 */
const STALLED_AFTER = 5;

export interface ClientEvents {
  /** The connection has ended before the answer. */
  onClientGone(): void;
  /** The whole answer is on its way. */
  onAnswerTaken(): void;
  /** The client may no longer have what it has asked for, an event stream. */
  onTokenEnded(): void;
  /** The head is out, and the rest did not come along with it: from now on the answer's own times hold. */
  onRestAwaited(): void;
  /** The gate itself failed, at a time when nobody else would hear of the exception. */
  onBug(error: unknown): void;
}

export class ResponseWriter {
  status = 0;
  bytes = 0;
  idleMs = 0;
  /** 204 and 304 have no body whatever they say (RFC 9110 15.3.5, 15.4.5). */
  bodiless = false;
  /** Events, for as long as there are any. */
  streams = false;
  #controller: Dispatcher.DispatchController | undefined;
  /** The first piece of the body, kept back until it is known whether it is all of it. */
  #first: Buffer | undefined;
  #restAwaited = false;
  #full = false;
  #idleTimes = 0;
  #ended = false;
  #sized = false;
  /** What the head's Connection field says: it may nominate trailers too. */
  #connection: string | undefined;
  #events: ClientEvents | undefined;
  #letGo: (() => void) | undefined;

  /** @param sink whose `drain` tells that the client reads on: `res`, or its socket where no server looks after it */
  constructor(
    readonly exchange: Exchange,
    readonly upstream: Upstream,
    readonly sink: ServerResponse | Duplex,
    readonly streamWatcher: StreamWatcher | undefined,
  ) {}

  /** Begins to listen for the client's end. False where it has left already. */
  watch(events: ClientEvents): boolean {
    const { req, res } = this.exchange;
    this.#events = events;
    // A pipelined request's `res` has no socket yet and does not hear of its end; nor does its `req`, once it is read.
    if (res.socket === null) {
      this.#queuedOn = req.socket;
      this.#queuedOn.setMaxListeners(0).once('close', this.#onClose);
    }
    // A server closes each `res` behind its end; one that stands alone on its socket closes with that, much later.
    if (this.sink !== res) res.once('finish', this.#onClose);
    res.once('close', this.#onClose);
    return !res.destroyed && !isCut(req) && !req.socket.destroyed;
  }

  #queuedOn: Socket | undefined;

  readonly #onClose = (): void => {
    if (this.exchange.res.writableFinished) this.#events?.onAnswerTaken();
    else this.#events?.onClientGone();
  };

  /**
   * Passes an interim answer on (RFC 9110 15.2): Early Hints, Processing and whatever else is below 200. Not to a
   * client of HTTP/1.0, which knows none; nor to one whose turn has not come or that reads too slowly, since nothing
   * bounds how many of them an upstream sends.
   */
  interim(
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
    // Node has nothing public that writes all fields of one. Before the head nothing of `res` is on its way.
    socket.write(headText(`HTTP/1.1 ${status} ${fitReason(reason)}`, fields), 'latin1');
  }

  /** Writes the head; or says why it cannot be passed on, and writes nothing. */
  start(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: ParsedHeaders,
    reason: string,
    attempt: Pick<Attempt, 'becomeTunnel'> | undefined,
  ): Refusal | undefined {
    const coding = listOf(headers, 'transfer-encoding');
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') return UNKNOWN_CODING;
    this.streams = isEventStream(headers['content-type']);
    if (this.streams && attempt?.becomeTunnel() !== true) return TUNNELS_FULL;
    const { req, res, head, admission, responseHeaders } = this.exchange;
    this.bodiless = status === 204 || status === 304;
    const hasTrailers =
      coding !== undefined && !this.bodiless && head.method !== 'HEAD' && req.httpVersion !== '1.0';
    const forbidden = status === 204 ? FORBIDDEN.bodiless : hasTrailers ? FORBIDDEN.chunked : FORBIDDEN.plain;
    this.#connection = listOf(headers, 'connection');
    const fields = responseFields(
      controller.rawHeaders as RawHeaders,
      this.#connection,
      forbidden,
      responseHeaders,
      admission.route.cors,
    );
    // An early answer: what is left of the body cannot be told from a next request unless all of it is read.
    if (!req.complete && !responseHeaders.includes('Connection')) fields.push('Connection', 'close');
    writeHead(res, status, reason, fields);

    this.#controller = controller;
    this.status = status;
    this.#sized = headers['content-length'] !== undefined;
    this.idleMs = this.streams ? this.upstream.tunnelIdleMs : this.upstream.idleTimeoutMs;
    if (this.streams)
      this.#letGo = this.streamWatcher?.watch(admission.principal, () => this.#events?.onTokenEnded());
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

  trail(raw: RawHeaders | null): void {
    const { res, responseHeaders } = this.exchange;
    if (!raw || raw.length === 0 || !res.chunkedEncoding) return;
    res.addTrailers(trailerFields(raw, this.#connection, responseHeaders));
  }

  /** @param slow is told where the client does not take the rest at once */
  end(slow: Draining): void {
    this.#ended = true;
    this.exchange.end(this.exchange.res, this.#first, slow);
  }

  /** Nobody but the client keeps this response any more: its caller's revocation is watched for until it has it all. */
  drain(): void {
    const { streamWatcher } = this;
    if (streamWatcher === undefined || this.#letGo !== undefined) return;
    const look = (): void => {
      if (streamWatcher.isRevoked(this.exchange.admission.principal)) this.#events?.onTokenEnded();
    };
    this.#letGo = streamWatcher.onRevocation(look);
    look();
  }

  /** A head whose body did not come along in the same packet goes out at once: events and slow bodies need it. */
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

  /** Whether the client has a part of the head, so that a refusal comes too late. */
  get hasBegun(): boolean {
    const { res } = this.exchange;
    // A tunnel detaches the response from its socket before it writes the 101 there.
    return res.headersSent || (this.sink !== res && res.socket === null);
  }

  get waitsForClient(): boolean {
    return this.#full || this.#ended;
  }

  /** Asked once an idle time: whether the client has taken nothing for too many of them. */
  hasStalled(): boolean {
    this.#idleTimes += 1;
    return this.#idleTimes >= STALLED_AFTER;
  }

  /** A broken answer must not look whole: where only the connection's end marks the body's, it ends with a reset. */
  break(): void {
    const { res } = this.exchange;
    // A response that a tunnel has detached from its socket would not take that along.
    if (this.sink !== res) this.sink.destroy();
    const { socket } = res;
    const marked = res.chunkedEncoding || this.#sized;
    if (!marked && socket instanceof Socket && !(socket instanceof TLSSocket)) reset(socket);
    res.destroy();
  }

  /** Lets go of the client: nothing more is heard of it. */
  release(): void {
    this.#letGo?.();
    const { res } = this.exchange;
    if (this.#onDrain) this.sink.off('drain', this.#onDrain);
    this.#queuedOn?.off('close', this.#onClose);
    if (this.sink !== res) res.off('finish', this.#onClose);
    res.off('close', this.#onClose);
  }
}

/** Of several types a client may believe any, so that one is enough for the rules of event streams to hold. */
function isEventStream(types: ParsedHeaders[string]): boolean {
  if (typeof types === 'object') return types.some(isEventStream);
  return types?.toLowerCase().startsWith('text/event-stream') === true;
}

/** A request whose body was read to its end closes too, and nothing is wrong with it. */
function isCut(req: IncomingMessage): boolean {
  return req.destroyed && !(req.complete && req.readableEnded);
}

/** Node would first end the stream and so send the very FIN that a client may take for the body's end. */
function reset(socket: Socket): void {
  socket.destroySoon = () => socket.destroy();
  socket.resetAndDestroy();
}

function awaitRest(answer: ResponseWriter): void {
  answer.awaitRest();
}

/** `flushHeaders` would send the head as UTF-8, each byte from 0x80 as two. */
function flushHead(res: ServerResponse): void {
  res.write('', 'latin1');
}
