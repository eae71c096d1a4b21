/**
 * One exchange with an upstream, for `forward.ts`: attempts at its targets until one responds, and the response
 * streamed to the client.
 */
import type { Duplex } from 'node:stream';
import { CLIENT_CLOSED_REQUEST } from '../model/record.js';
import { Refusal } from '../model/refusal.js';
import { Attempt, type AttemptEvents, type Controller } from './attempt.js';
import { sendBatched } from './callbacks.js';
import type { Waiter } from './concurrency-limiter.js';
import type { Draining, Fault, ForwardOutcome } from './exchange.js';
import { ExchangeState } from './exchange-state.js';
import * as failures from './failures.js';
import type { ParsedHeaders, RawHeaders } from './raw-headers.js';
import { RequestBody, openBody, type BodyEvents } from './request-body.js';
import type { ClientEvents } from './response-writer.js';
import { Retries } from './retries.js';
import type { TargetPool } from './target-pool.js';
import { upstreamRequest } from './upstream-request.js';

/** The events of one exchange: of its attempt, body, client, slot and timer. */
export class ProxyExchange
  extends ExchangeState
  implements AttemptEvents, Waiter, BodyEvents, ClientEvents, Draining
{
  /** Undefined until an attempt fails. */
  #retries: Retries | undefined;

  run(): Promise<ForwardOutcome | Refusal> {
    return new Promise((resolve) => {
      this.begin(resolve);
      if (this.writer.watch(this)) this.#takeSlot(this.pool);
      else this.onClientGone();
    });
  }

  // 1. Take a slot of the target, or a place in its queue.

  onCrowdedOut(): void {
    this.settle(failures.QUEUE_FULL);
  }

  #takeSlot(pool: TargetPool): void {
    this.pool = pool;
    const result = pool.slots.acquire(this);
    if (result === 'full') this.settle(failures.QUEUE_FULL);
    else if (result === 'queued' && !this.hasTimer) this.startTimer(this.pools.upstream.connectTimeoutMs);
    else if (result === 'acquired' && !this.onSlot()) pool.slots.release();
  }

  onSlot(): boolean {
    if (this.#beginAttempt()) {
      this.pools.budget.deposit();
      sendBatched(this);
      return true;
    }
    // The target's breaker has opened in the meantime.
    const other = this.pools.choose();
    if (other instanceof Refusal) this.settle(other);
    else this.#takeSlot(other);
    return false;
  }

  /** Begins an attempt in a taken slot. False where the target no longer accepts one. */
  #beginAttempt(): boolean {
    const attempt = Attempt.begin(this.pool, this, this.options.now());
    if (attempt === undefined) return false;
    this.attempt = attempt;
    this.phase = 'awaitingHead';
    this.exchange.trace?.mark('forward', this.pool.target.origin);
    this.startTimer(this.exchange.admission.route.timeoutMs ?? this.pools.upstream.timeoutMs);
    return true;
  }

  // 2. Send the request at the end of the tick, if the client is still connected.

  send(): void {
    if (this.phase !== 'awaitingHead') return;
    try {
      const body = openBody(this.exchange, this.options, this, this.attempt);
      if (body instanceof RequestBody) this.body = body;
      this.attempt?.send(upstreamRequest(this.exchange, this.pool, body, this.handshake !== undefined));
    } catch (err) {
      this.failUnsent({ err });
    }
  }

  onBodyProgress(): void {
    this.refreshTimer();
  }

  onBodyTooLarge(): void {
    this.fail(failures.BODY_TOO_LARGE, 'client_body_too_large');
  }

  onBodyTimeout(): void {
    this.fail(failures.BODY_TIMED_OUT, 'client_body_timeout');
  }

  // 3. undici has a connection and writes the request (attempt.ts).
  // 4. The response head.

  onHead(controller: Controller, status: number, headers: ParsedHeaders, reason: string): void {
    if (this.phase !== 'awaitingHead') return;
    if (status === 101) this.failByTarget(failures.SWITCHED_UNASKED);
    else if (status < 200) this.writer.writeInterim(controller, status, headers, reason);
    else {
      const refusal = this.writer.writeHead(controller, status, headers, reason, this.attempt);
      if (refusal === undefined) this.#onFinalHead();
      else this.failByTarget(refusal);
    }
  }

  #onFinalHead(): void {
    this.phase = 'streaming';
    this.headMs = this.options.now();
    this.exchange.trace?.mark('response');
    // An event stream succeeds with its head. A response without a body ends here, since undici reports a 304 with a
    // length as broken.
    if (this.writer.isBodiless || this.writer.isEventStream) this.attempt?.markSuccess();
    if (this.writer.isBodiless) this.#finish();
  }

  /** Most responses are complete before this, so most exchanges need no second timer. */
  onRestAwaited(): void {
    if (this.phase === 'streaming') this.startTimer(this.writer.idleMs);
  }

  onSwitch(controller: Controller, status: number, socket: Duplex, onTunnelEnd: () => void): boolean {
    const ended = (bytes: number, fault?: Fault): void => {
      onTunnelEnd();
      this.settle(this.outcome(status, bytes, fault));
    };
    const hasRoom = this.phase === 'awaitingHead' && this.attempt?.becomeTunnel() === true;
    if (!hasRoom || this.handshake?.join(controller.rawHeaders as RawHeaders, socket, ended) !== true) {
      this.failByTarget(hasRoom ? failures.SWITCHED_UNASKED : failures.TUNNELS_FULL);
      return false;
    }
    this.phase = 'tunnelled';
    this.headMs = this.options.now();
    this.exchange.trace?.mark('response');
    this.stopTimer();
    return true;
  }

  // 5. The response body.

  onData(chunk: Buffer): void {
    if (this.phase !== 'streaming') return;
    this.refreshTimer();
    this.writer.write(chunk);
  }

  onEnd(controller: Controller): void {
    if (this.phase !== 'streaming') return;
    this.writer.writeTrailers(controller.rawTrailers as RawHeaders | null);
    this.#finish();
  }

  #finish(): void {
    this.phase = 'flushing';
    this.writer.end(this);
  }

  onDraining(): void {
    if (this.phase === 'flushing') this.writer.watchRevocation();
  }

  // 6. The exchange ends without a fault.

  onResponseFlushed(): void {
    if (this.phase === 'flushing') this.settle(this.outcome(this.writer.status, this.writer.bytes));
  }

  // 7. The upstream fails; another attempt may follow.

  onLost(code: string, problem?: string): void {
    if (this.phase === 'streaming') this.break('upstream_reset_in_body');
    if (this.phase !== 'awaitingHead' || this.#retry(code)) return;
    const refusal = failures.refusalFor(code, this.attempt?.responseBegan === true);
    if (refusal === failures.UNSENDABLE) this.failUnsent({ code });
    else this.failByTarget(refusal, code, problem);
  }

  /** Begins another attempt. False where the request may not be sent again, or no target can take it. */
  #retry(code: string): boolean {
    const failed = this.attempt;
    const next = failed && (this.#retries ??= new Retries(this.pools)).next(failed, this.exchange.head, code);
    if (next === undefined) return false;
    this.pool = next;
    if (!this.#beginAttempt()) {
      next.slots.release();
      return false;
    }
    sendBatched(this);
    return true;
  }

  // 8. The client leaves, or its token ends.

  onClientGone(): void {
    if (this.phase === 'settled' || this.phase === 'tunnelled') return;
    this.pool.slots.cancel(this);
    const { status, bytes } = this.writer;
    this.settle(this.outcome(status === 0 ? CLIENT_CLOSED_REQUEST : status, bytes, 'client_gone'));
    this.attempt?.abandon();
  }

  onTokenEnded(): void {
    if (this.phase === 'tunnelled') return; // The tunnel ends itself (tunnel.ts).
    this.pool.slots.cancel(this);
    this.fail(failures.REVOKED, 'token_ended');
  }

  // 9. A timeout.

  onTimer(): void {
    if (this.phase === 'queued') {
      this.pool.slots.cancel(this);
      this.settle(failures.QUEUE_TIMED_OUT);
    } else if (this.phase === 'awaitingHead') {
      // While the gateway waits for the client's body, the body's own timer decides.
      if (this.body?.awaitsClient) this.refreshTimer();
      else this.#onHeadTimeout();
    } else if (!this.writer.waitsForClient) this.fail(failures.HEAD_TIMED_OUT, 'upstream_idle_in_body');
    else if (this.writer.hasStalled()) this.fail(failures.HEAD_TIMED_OUT, 'client_stalled');
    else this.refreshTimer();
  }

  /** The response head did not come in time. A retry at another target gets the same time. */
  #onHeadTimeout(): void {
    const late = this.attempt;
    late?.markFailure();
    if (this.#retry(failures.HEAD_TIMEOUT)) late?.abort();
    else this.failByTarget(failures.HEAD_TIMED_OUT, failures.HEAD_TIMEOUT);
  }
}
