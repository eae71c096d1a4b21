/** One attempt of an exchange at one target: it holds a slot there, and says of the target how it did. */
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { AttemptResult } from './availability/breaker.js';
import type { Exchange } from './exchange.js';
import { codeOf, isGatewayError, isTargetsFault, problemOf } from './failures.js';
import type { ParsedHeaders } from './raw-headers.js';
import type { Holder, ConcurrencyLimiter } from './concurrency-limiter.js';
import type { TargetPool, UpstreamRequest } from './target-pool.js';

export type Controller = Dispatcher.DispatchController;

/** What the exchange hears of its attempt, until it leaves it or gives it up. */
export interface AttemptEvents {
  onHead(controller: Controller, status: number, headers: ParsedHeaders, reason: string): void;
  /** True where the upstream's socket was joined to the client's: then `over` is called at the end. */
  onSwitch(controller: Controller, status: number, socket: Duplex, over: () => void): boolean;
  onData(chunk: Buffer): void;
  onEnd(controller: Controller): void;
  /** The caller was revoked. */
  onTokenEnded(): void;
  /** There was no connection, it was lost, or what came was no answer. */
  onLost(code: string, problem?: string): void;
  /** The gate itself failed while it worked on what came. */
  onBug(error: unknown): void;
}

/**
 * ready: undici does not have it · waiting: for a connection, and cannot be stopped · sent · ended: undici is done
 */
type State = 'ready' | 'waiting' | 'sent' | 'ended';

export class Attempt implements Dispatcher.DispatchHandler, Holder {
  older: Holder | undefined;
  newer: Holder | undefined;
  /** Whether a byte of an answer has come: from then on the request was seen. */
  answerBegan = false;
  #state: State = 'ready';
  #events: AttemptEvents | undefined;
  #controller: Controller | undefined;
  /** Where it holds a slot: the target's for requests, or its for tunnels. */
  #room: ConcurrencyLimiter | undefined;
  #isJudged = false;
  #hasHead = false;
  readonly #startedMs: number;

  private constructor(
    readonly pool: TargetPool,
    readonly ticket: number,
    readonly exchange: Exchange,
    events: AttemptEvents,
    startedMs: number,
  ) {
    this.#events = events;
    this.#startedMs = startedMs;
    this.#room = pool.slots;
    this.#room.add(this);
  }

  /** For whoever holds a slot of the target: undefined where the target takes nothing now. */
  static begin(
    pool: TargetPool,
    events: AttemptEvents & { readonly exchange: Exchange },
    nowMs: number,
  ): Attempt | undefined {
    const ticket = pool.availability.begin();
    return ticket === undefined ? undefined : new Attempt(pool, ticket, events.exchange, events, nowMs);
  }

  /** Whether a byte of the request may have been sent: undici had a connection, and began to write. */
  get wasSent(): boolean {
    return this.#state === 'sent' || this.#state === 'ended';
  }

  send(request: UpstreamRequest): void {
    this.#state = 'waiting';
    this.pool.dispatch(request, this);
  }

  /** The slot goes to another attempt at the same target. */
  transferSlot(): void {
    this.#room?.remove(this);
    this.#room = undefined;
  }

  /** A tunnel or an event stream holds none of the slots for requests. False where it may not become one. */
  becomeTunnel(): boolean {
    const { slots, tunnels } = this.pool;
    if (this.#room !== slots || !tunnels.takeFor(this.exchange)) return false;
    slots.remove(this);
    tunnels.add(this);
    this.#room = tunnels;
    slots.release();
    return true;
  }

  /** Whether its slot would be better given to one that waits. */
  get isSlotWanted(): boolean {
    return this.#room?.isWanted(this) === true;
  }

  onTokenEnded(): void {
    this.#events?.onTokenEnded();
  }

  /** The target has done its part, however the rest goes. */
  markSuccess(): void {
    this.#judge('good');
  }

  /** It has not, and whoever chooses the next target should know. */
  markFailure(): void {
    this.#judge('bad');
  }

  /** Nobody waits for it any more, which is not the target's fault. */
  abandon(): void {
    this.#judge(this.#hasHead ? 'good' : 'none');
    this.#stop();
  }

  /** The target has failed it. */
  abort(): void {
    this.#judge('bad');
    this.#stop();
  }

  #stop(): void {
    this.#events = undefined;
    if (this.#state === 'ready') this.#end();
    else this.#controller?.abort(new Error('the attempt is over'));
  }

  // Before this it cannot be told to stop.

  onRequestStart(controller: Controller): void {
    this.#state = 'sent';
    this.#controller = controller;
    this.pool.unwant();
    if (this.#events === undefined) controller.abort(new Error('the attempt is over'));
  }

  onResponseStarted(): void {
    this.answerBegan = true;
  }

  onResponseStart(controller: Controller, status: number, headers: ParsedHeaders, reason = ''): void {
    if (this.#events === undefined) return;
    this.#hasHead ||= status >= 200;
    if (isGatewayError(status)) this.#judge('bad');
    try {
      this.#events.onHead(controller, status, headers, reason);
    } catch (error) {
      this.#fail(error);
    }
  }

  onRequestUpgrade(controller: Controller, status: number, _headers: ParsedHeaders, socket: Duplex): void {
    const joined = this.#join(controller, status, socket);
    this.#judge(joined ? 'good' : 'bad');
    if (joined) return;
    socket.destroy();
    this.#end();
  }

  #join(controller: Controller, status: number, socket: Duplex): boolean {
    try {
      return this.#events?.onSwitch(controller, status, socket, () => this.#end()) === true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    try {
      this.#events?.onData(chunk);
    } catch (error) {
      this.#fail(error);
    }
  }

  onResponseEnd(controller: Controller): void {
    this.#judge('good');
    this.#end();
    try {
      this.#events?.onEnd(controller);
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * undici would take an exception for the upstream's fault, or for none at all: it would end the exchange as a 502, or
   * leave the client without an end.
   */
  #fail(error: unknown): void {
    const events = this.#events;
    this.abandon();
    events?.onBug(error);
  }

  onResponseError(_controller: Controller | undefined, error: Error): void {
    if (this.#state === 'waiting') this.pool.unwant();
    const code = codeOf(error);
    this.#judge(isTargetsFault(code) ? 'bad' : 'none');
    // First the exchange, which may want the slot for another attempt.
    this.#events?.onLost(code, problemOf(error));
    this.#end();
  }

  #judge(verdict: AttemptResult): void {
    if (this.#isJudged) return;
    this.#isJudged = true;
    this.pool.availability.end(this.ticket, verdict, this.#startedMs);
  }

  #end(): void {
    this.#state = 'ended';
    const room = this.#room;
    this.#room = undefined;
    room?.remove(this);
    room?.release();
  }
}
