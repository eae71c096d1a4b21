/**
 * The state of one exchange, and how it ends: once, by a result, by a refusal, or by breaking the client's connection.
 * `proxy-exchange.ts` extends it by the events. It is a base class, since a second object would cost each request.
 */
import type { Refusal } from '../model/refusal.js';
import type { Attempt } from './attempt.js';
import { callOnTimer, type Callable } from './callbacks.js';
import type { Exchange, Fault, ForwarderOptions, ForwardOutcome } from './exchange.js';
import * as failures from './failures.js';
import type { RequestBody } from './request-body.js';
import { ResponseWriter } from './response-writer.js';
import type { TargetPool } from './target-pool.js';
import type { Handshake } from './tunnel.js';
import type { UpstreamPools } from './upstream-pools.js';

/**
 * - queued: for a slot of the target
 * - awaitingHead: until the response head
 * - streaming: until the upstream ends the response
 * - flushing: until the client has it
 * - tunnelled: a WebSocket after the upstream's 101
 * - settled: the result is known, though undici may not have ended yet
 */
export type Phase = 'queued' | 'awaitingHead' | 'streaming' | 'flushing' | 'tunnelled' | 'settled';

/** One exchange without its events. */
export abstract class ExchangeState implements Callable {
  protected phase: Phase = 'queued';
  protected attempt: Attempt | undefined;
  protected body: RequestBody | undefined;
  /** When the response head came. */
  protected headMs: number | undefined;
  protected readonly writer: ResponseWriter;
  #timer: NodeJS.Timeout | undefined;
  #startedMs = 0;
  #resolve: ((result: ForwardOutcome | Refusal) => void) | undefined;

  /** @param pool the current target's: the first choice, then that of each retry */
  constructor(
    readonly exchange: Exchange,
    protected readonly pools: UpstreamPools,
    protected pool: TargetPool,
    protected readonly options: ForwarderOptions,
    protected readonly handshake?: Handshake,
  ) {
    this.writer = new ResponseWriter(
      exchange,
      pools.upstream,
      handshake?.socket ?? exchange.res,
      options.streamWatcher,
    );
  }

  abstract send(): void;
  abstract onTimer(): void;

  /** @param resolve gets the result */
  protected begin(resolve: (result: ForwardOutcome | Refusal) => void): void {
    this.#resolve = resolve;
    this.#startedMs = this.options.now();
  }

  /** A bug of the gateway before the request was written. */
  protected failUnsent(why: object): void {
    this.options.log.error({ request_id: this.exchange.head.id, ...why }, 'a request could not be sent');
    this.fail(failures.UNSENDABLE);
  }

  /** A bug of the gateway in an event or the timer. */
  onBug(error: unknown): void {
    const { log } = this.options;
    log.error({ request_id: this.exchange.head.id, err: error }, 'internal error while handling a request');
    this.fail(failures.BUG, 'internal_error');
  }

  /** Fails by the target's fault, which is logged; a tunnel beyond the limit is not its fault. */
  protected failByTarget(refusal: Refusal, code = '', problem?: string): void {
    if (refusal === failures.TUNNELS_FULL) this.fail(refusal, 'tunnels_full');
    else {
      this.pool.failures.report(this.exchange.head.id, refusal, code, problem);
      this.fail(refusal);
    }
  }

  /** Fails the exchange: with the refusal before the head is written, otherwise by breaking the client's connection. */
  protected fail(refusal: Refusal, fault: Fault = 'upstream_reset_in_body'): void {
    if (this.phase !== 'settled') {
      if (this.writer.hasBegun) this.break(fault);
      else this.settle(refusal);
    }
    if (fault.startsWith('upstream_')) this.attempt?.abort();
    else this.attempt?.abandon();
  }

  protected break(fault: Fault): void {
    this.settle(this.outcome(this.writer.status, this.writer.bytes, fault));
    this.writer.break();
  }

  protected settle(result: ForwardOutcome | Refusal): void {
    this.phase = 'settled';
    this.#resolve?.(result);
    clearTimeout(this.#timer);
    this.writer.release();
    this.body?.destroy();
  }

  protected outcome(status: number, bytes: number, fault?: Fault): ForwardOutcome {
    const upstreamMs = (this.headMs ?? this.options.now()) - this.#startedMs;
    return { status, target: this.pool.target.origin, upstreamMs, bytes, fault };
  }

  protected get hasTimer(): boolean {
    return this.#timer !== undefined;
  }

  protected startTimer(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(callOnTimer, afterMs, this);
  }

  protected refreshTimer(): void {
    this.#timer?.refresh();
  }

  protected stopTimer(): void {
    clearTimeout(this.#timer);
  }
}
