/** Streams a request's body to the upstream, for `proxy-exchange.ts`; limits its size and its pace. */
import { Readable } from 'node:stream';
import { BodyPace, type BodyLimits } from './body-pace.js';
import type { Exchange } from './exchange.js';

export interface BodyEvents {
  /** The upstream read, or the client sent. */
  onBodyProgress(): void;
  onBodyTooLarge(): void;
  /** The client sent nothing for too long, or too little, while the upstream waited for it. */
  onBodyTimeout(): void;
}

/**
 * The body stream for undici. undici destroys a body that it no longer needs; with `req` itself that would destroy the
 * client's socket. The stream reads only when the upstream does, so a slow upstream slows the client down.
 */
export class RequestBody extends Readable {
  #received = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the upstream has read all received bytes, so that the gateway waits for the client. */
  #awaiting = false;
  /** Whether the client was paused for a part of this tick. */
  #wasPaused = false;
  readonly #pace: BodyPace;

  constructor(
    readonly exchange: Exchange,
    limits: BodyLimits,
    readonly events: BodyEvents,
    /** Whether others wait for the slot of this exchange. Then its client gets no grace. */
    readonly slot: { readonly isSlotWanted: boolean } | undefined,
  ) {
    super();
    this.#pace = new BodyPace(limits);
  }

  get awaitsClient(): boolean {
    return this.#awaiting;
  }

  override _read(): void {
    if (this.#timer === undefined) this.#start();
    if (this.#awaiting) return;
    this.#awaiting = true;
    this.events.onBodyProgress();
    this.exchange.req.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#awaiting = false;
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      // Discard the rest: the connection closes after the response, and unread bytes would reset it.
      this.exchange.req.off('data', this.#onData).off('end', this.#onEnd).resume();
    }
    callback(error);
  }

  /** Runs at the first read: there is a connection, and undici is about to write the request. */
  #start(): void {
    this.#timer = setTimeout(onTick, this.#pace.tickMs, this);
    // RFC 9110 10.1.1: the client is asked for its body only when the upstream can receive it.
    const { req, res, head } = this.exchange;
    if (head.expectsContinue) res.writeContinue();
    req.on('data', this.#onData).on('end', this.#onEnd);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#received += chunk.length;
    if (this.#received > this.exchange.admission.route.maxBodyBytes) {
      this.events.onBodyTooLarge();
      return;
    }
    this.#pace.bytes += chunk.length;
    this.events.onBodyProgress();
    this.#awaiting = false;
    if (this.push(chunk)) {
      this.#awaiting = true;
    } else {
      this.#wasPaused = true;
      this.exchange.req.pause();
    }
  };

  readonly #onEnd = (): void => {
    clearTimeout(this.#timer);
    this.#awaiting = false;
    this.push(null);
  };

  /** Checks the pace. The client is not charged for a pause by the upstream. */
  onTick(): void {
    const wasAwaiting = this.#awaiting && !this.#wasPaused;
    this.#wasPaused = !this.#awaiting;
    const isTooSlow = this.#pace.isTooSlow(wasAwaiting ? this.#pace.tickMs : 0);
    if (isTooSlow || (wasAwaiting && this.#pace.isBehind && this.slot?.isSlotWanted === true)) {
      this.events.onBodyTimeout();
    } else {
      this.#timer?.refresh();
    }
  }
}

function onTick(body: RequestBody): void {
  body.onTick();
}

/** Returns the body for undici: a stream, the bytes that were already read, or null. */
export function openBody(
  exchange: Exchange,
  limits: BodyLimits,
  events: BodyEvents,
  slot: RequestBody['slot'],
): RequestBody | Buffer | null {
  const { head, parsedBody } = exchange;
  if (parsedBody !== undefined) return parsedBody;
  if (head.body === 'none' || (head.body === 'sized' && head.contentLength === 0)) return null;
  return new RequestBody(exchange, limits, events, slot);
}
