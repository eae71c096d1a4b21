/** A request's body on its way to the upstream: streamed, counted, and watched for silence. */
import { Readable } from 'node:stream';
import { BodyPace, type BodyLimits } from './body-pace.js';
import type { Exchange } from './exchange.js';

export interface BodyEvents {
  /** The upstream took some of it, or more of it came. */
  onBodyProgress(): void;
  onBodyTooLarge(): void;
  /** The client sent nothing for too long, or too little, while the upstream waited for it. */
  onBodyTimeout(): void;
}

/**
 * undici never gets `req` itself: it destroys a body that it no longer needs, and with `req` the client's socket
 * would go. This stream reads only when the upstream does, so that a slow one slows the client down.
 */
export class RequestBody extends Readable {
  #received = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the upstream has taken all that came, so that it is the client's turn. */
  #awaiting = false;
  /** Whether it was not for a part of this tick. */
  #wasPaused = false;
  readonly #pace: BodyPace;

  constructor(
    readonly exchange: Exchange,
    limits: BodyLimits,
    readonly events: BodyEvents,
    /** Whether others wait for what the exchange holds: then its client is given no grace. */
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
      // What still comes is read away: the connection is closed after the answer, and unread bytes would reset it.
      this.exchange.req.off('data', this.#onData).off('end', this.#onEnd).resume();
    }
    callback(error);
  }

  /** First read: the connection stands, and the request is about to be written. */
  #start(): void {
    this.#timer = setTimeout(onTick, this.#pace.tickMs, this);
    // RFC 9110 10.1.1: only now is the client asked for its body, when somebody is there to take it.
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

  /** A pause of the upstream's is no silence of the client's. */
  onTick(): void {
    const isClientsTurn = this.#awaiting && !this.#wasPaused;
    this.#wasPaused = !this.#awaiting;
    const isTooSlow = this.#pace.isTooSlow(isClientsTurn ? this.#pace.tickMs : 0);
    if (isTooSlow || (isClientsTurn && this.#pace.isBehind && this.slot?.isSlotWanted === true)) {
      this.events.onBodyTimeout();
    } else {
      this.#timer?.refresh();
    }
  }
}

function onTick(body: RequestBody): void {
  body.onTick();
}

/** What undici sends after the head: a stream, the bytes that a middleware has read, or nothing. */
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
