/**
 * One attempt of an exchange at one target, for `proxy-exchange.ts`. It holds a slot there and reports the target's
 * result.
 */
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { AttemptResult } from './availability/breaker.js';
import type { Exchange } from './exchange.js';
import { codeOf, isGatewayError, isTargetsFault, problemOf } from './failures.js';
import type { ParsedHeaders } from './raw-headers.js';
import type { Holder, ConcurrencyLimiter } from './concurrency-limiter.js';
import type { TargetPool, UpstreamRequest } from './target-pool.js';

export type Controller = Dispatcher.DispatchController;

/** The events of an attempt, until `abandon` or `abort`. */
export interface AttemptEvents {
  onHead(controller: Controller, status: number, headers: ParsedHeaders, reason: string): void;
  /** Returns whether the upstream's socket now forms a tunnel with the client's. Then `onTunnelEnd` is called at its end. */
  onSwitch(controller: Controller, status: number, socket: Duplex, onTunnelEnd: () => void): boolean;
  onData(chunk: Buffer): void;
  onEnd(controller: Controller): void;
  /** The caller was revoked. */
  onTokenEnded(): void;
  /** There was no connection, it was lost, or the bytes received were not a response. */
  onLost(code: string, problem?: string): void;
  /** The gateway's own code threw while it handled an event. */
  onBug(error: unknown): void;
}

/** ready: undici does not have it · waiting: for a connection, and not abortable · sent · ended: undici is done */
type State = 'ready' | 'waiting' | 'sent' | 'ended';

/** One attempt at one target. It owns its slot until it ends or transfers it. */
export class Attempt implements Dispatcher.DispatchHandler, Holder {
  older: Holder | undefined;
  newer: Holder | undefined;
  /** Whether a byte of a response has come. Then the target has seen the request. */
  responseBegan = false;
  #state: State = 'ready';
  #events: AttemptEvents | undefined;
  #controller: Controller | undefined;
  /** Whose slot it holds: the target's limiter for requests or the one for tunnels. */
  #limiter: ConcurrencyLimiter | undefined;
  #isRecorded = false;
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
    this.#limiter = pool.slots;
    this.#limiter.add(this);
  }

  /**
   * Begins an attempt in a slot that the caller has taken. Returns undefined where the target accepts no request now.
   */
  static begin(
    pool: TargetPool,
    events: AttemptEvents & { readonly exchange: Exchange },
    nowMs: number,
  ): Attempt | undefined {
    const ticket = pool.availability.begin();
    return ticket === undefined ? undefined : new Attempt(pool, ticket, events.exchange, events, nowMs);
  }

  /** Whether a byte of the request may have been sent: undici had a connection and began to write. */
  get wasSent(): boolean {
    return this.#state === 'sent' || this.#state === 'ended';
  }

  send(request: UpstreamRequest): void {
    this.#state = 'waiting';
    this.pool.dispatch(request, this);
  }

  /** Leaves the slot taken, for another attempt at the same target. */
  transferSlot(): void {
    this.#limiter?.remove(this);
    this.#limiter = undefined;
  }

  /** Moves from a request slot to a tunnel slot, for a WebSocket or event stream. False where none is free to it. */
  becomeTunnel(): boolean {
    const { slots, tunnels } = this.pool;
    if (this.#limiter !== slots || !tunnels.tryAcquire(this.exchange)) return false;
    slots.remove(this);
    tunnels.add(this);
    this.#limiter = tunnels;
    slots.release();
    return true;
  }

  /** Whether a waiter has a better claim to its slot. */
  get isSlotWanted(): boolean {
    return this.#limiter?.isSlotWanted(this) === true;
  }

  onTokenEnded(): void {
    this.#events?.onTokenEnded();
  }

  /** Counts as a success of the target, whatever happens later. */
  markSuccess(): void {
    this.#record('good');
  }

  /** Counts as a failure of the target at once, so that the choice of the next target considers it. */
  markFailure(): void {
    this.#record('bad');
  }

  /** Ends an attempt that is no longer needed. That is not a failure of the target. */
  abandon(): void {
    this.#record(this.#hasHead ? 'good' : 'none');
    this.#detach();
  }

  /** Ends an attempt and counts it as a failure of the target. */
  abort(): void {
    this.#record('bad');
    this.#detach();
  }

  #detach(): void {
    this.#events = undefined;
    if (this.#state === 'ready') this.#end();
    else this.#controller?.abort(new Error('the attempt is over'));
  }

  // Before this event undici cannot abort the request.

  onRequestStart(controller: Controller): void {
    this.#state = 'sent';
    this.#controller = controller;
    this.pool.stopAwaitingConnection();
    if (this.#events === undefined) controller.abort(new Error('the attempt is over'));
  }

  onResponseStarted(): void {
    this.responseBegan = true;
  }

  onResponseStart(controller: Controller, status: number, headers: ParsedHeaders, reason = ''): void {
    if (this.#events === undefined) return;
    this.#hasHead ||= status >= 200;
    if (isGatewayError(status)) this.#record('bad');
    try {
      this.#events.onHead(controller, status, headers, reason);
    } catch (error) {
      this.#reportBug(error);
    }
  }

  onRequestUpgrade(controller: Controller, status: number, _headers: ParsedHeaders, socket: Duplex): void {
    const switched = this.#switch(controller, status, socket);
    this.#record(switched ? 'good' : 'bad');
    if (switched) return;
    socket.destroy();
    this.#end();
  }

  #switch(controller: Controller, status: number, socket: Duplex): boolean {
    try {
      return this.#events?.onSwitch(controller, status, socket, () => this.#end()) === true;
    } catch (error) {
      this.#reportBug(error);
      return false;
    }
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    try {
      this.#events?.onData(chunk);
    } catch (error) {
      this.#reportBug(error);
    }
  }

  onResponseEnd(controller: Controller): void {
    this.#record('good');
    this.#end();
    try {
      this.#events?.onEnd(controller);
    } catch (error) {
      this.#reportBug(error);
    }
  }

  /** Catches exceptions before undici, which would report an upstream error (502) or leave the response open. */
  #reportBug(error: unknown): void {
    const events = this.#events;
    this.abandon();
    events?.onBug(error);
  }

  onResponseError(_controller: Controller | undefined, error: Error): void {
    if (this.#state === 'waiting') this.pool.stopAwaitingConnection();
    const code = codeOf(error);
    this.#record(isTargetsFault(code) ? 'bad' : 'none');
    // The exchange comes first, since it may keep the slot for another attempt.
    this.#events?.onLost(code, problemOf(error));
    this.#end();
  }

  #record(result: AttemptResult): void {
    if (this.#isRecorded) return;
    this.#isRecorded = true;
    this.pool.availability.end(this.ticket, result, this.#startedMs);
  }

  #end(): void {
    this.#state = 'ended';
    const limiter = this.#limiter;
    this.#limiter = undefined;
    limiter?.remove(this);
    limiter?.release();
  }
}
