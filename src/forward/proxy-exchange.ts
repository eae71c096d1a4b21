/** One exchange with an upstream: attempts at its targets until one answers, and the answer streamed to the client. */
import type { Duplex } from 'node:stream';
import { CLIENT_CLOSED_REQUEST } from '../model/record.js';
import { Refusal } from '../model/refusal.js';
import { ResponseWriter, type ClientEvents } from './response-writer.js';
import { Attempt, type AttemptEvents, type Controller } from './attempt.js';
import { callOnTimer, reportBug, sendBatched, type Callable } from './callbacks.js';
import type { Draining, Exchange, Fault, ForwarderOptions, Outcome } from './exchange.js';
import * as failures from './failures.js';
import type { ParsedHeaders, RawHeaders } from './raw-headers.js';
import { RequestBody, openBody, type BodyEvents } from './request-body.js';
import { Retries } from './retries.js';
import type { Waiter } from './concurrency-limiter.js';
import type { TargetPool } from './target-pool.js';
import type { Handshake } from './tunnel.js';
import type { UpstreamPools } from './upstream-pools.js';
import { upstreamRequest } from './upstream-request.js';

/**
 * queued: for a slot · asking: until the answer's head · answering: until the upstream is done with it ·
 * flushing: until the client has it · joined: a tunnel · over: settled, though undici may still have to let go
 */
type Phase = 'queued' | 'asking' | 'answering' | 'flushing' | 'joined' | 'over';

export class ProxyExchange implements AttemptEvents, Waiter, BodyEvents, ClientEvents, Callable, Draining {
  #phase: Phase = 'queued';
  #attempt: Attempt | undefined;
  /** Undefined until a target failed the request. */
  #retries: Retries | undefined;
  #body: RequestBody | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Of the target that was chosen: the first, then the one that is asked in its place. */
  #pool: TargetPool;
  #startedMs = 0;
  #headMs: number | undefined;
  #resolve: ((result: Outcome | Refusal) => void) | undefined;
  readonly #answer: ResponseWriter;

  constructor(
    readonly exchange: Exchange,
    readonly pools: UpstreamPools,
    pool: TargetPool,
    readonly options: ForwarderOptions,
    readonly handshake?: Handshake,
  ) {
    this.#pool = pool;
    this.#answer = new ResponseWriter(
      exchange,
      pools.upstream,
      handshake?.socket ?? exchange.res,
      options.streamWatcher,
    );
  }

  run(): Promise<Outcome | Refusal> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#startedMs = this.options.now();
      if (this.#answer.watch(this)) this.#takeSlot(this.#pool);
      else this.onClientGone();
    });
  }

  // 1. A slot of the target, or a place in its queue.

  onCrowdedOut(): void {
    this.#settle(failures.QUEUE_FULL);
  }

  #takeSlot(pool: TargetPool): void {
    this.#pool = pool;
    const found = pool.slots.take(this);
    if (found === 'full') this.#settle(failures.QUEUE_FULL);
    else if (found === 'queued' && this.#timer === undefined) this.#arm(this.pools.upstream.connectTimeoutMs);
    else if (found === 'taken' && !this.onSlot()) pool.slots.release();
  }

  onSlot(): boolean {
    if (this.#begin()) {
      this.pools.budget.deposit();
      sendBatched(this);
      return true;
    }
    // The target's breaker has opened meanwhile.
    const other = this.pools.choose();
    if (other instanceof Refusal) this.#settle(other);
    else this.#takeSlot(other);
    return false;
  }

  /** With a slot in hand an attempt begins, unless the target takes none any more. */
  #begin(): boolean {
    const attempt = Attempt.begin(this.#pool, this, this.options.now());
    if (attempt === undefined) return false;
    this.#attempt = attempt;
    this.#phase = 'asking';
    this.#arm(this.pools.upstream.timeoutMs);
    return true;
  }

  // 2. The request goes out, at the end of the turn, if the client is still there.

  send(): void {
    if (this.#phase !== 'asking') return;
    try {
      const body = openBody(this.exchange, this.options, this, this.#attempt);
      if (body instanceof RequestBody) this.#body = body;
      this.#attempt?.send(upstreamRequest(this.exchange, this.#pool, body, this.handshake !== undefined));
    } catch (err) {
      this.#cannotSend({ err });
    }
  }

  onBodyProgress(): void {
    this.#timer?.refresh();
  }

  onBodyTooLarge(): void {
    this.#fail(failures.BODY_TOO_LARGE, 'client_body_too_large');
  }

  onBodyTimeout(): void {
    this.#fail(failures.BODY_TIMED_OUT, 'client_body_timeout');
  }

  // 3. undici has a connection and writes: attempt.ts.
  // 4. The answer's head.

  onHead(controller: Controller, status: number, headers: ParsedHeaders, reason: string): void {
    if (this.#phase !== 'asking') return;
    if (status === 101) this.#blame(failures.SWITCHED_UNASKED);
    else if (status < 200) this.#answer.interim(controller, status, headers, reason);
    else {
      const refusal = this.#answer.start(controller, status, headers, reason, this.#attempt);
      if (refusal === undefined) this.#answering();
      else this.#blame(refusal);
    }
  }

  #answering(): void {
    this.#phase = 'answering';
    this.#headMs = this.options.now();
    // An event stream is as good as its head; and what has no body ends here: undici calls a 304 that states its
    // length broken.
    if (this.#answer.bodiless || this.#answer.streams) this.#attempt?.markSuccess();
    if (this.#answer.bodiless) this.#finish();
  }

  /** Most answers are whole by now, so most exchanges need no second timer. */
  onRestAwaited(): void {
    if (this.#phase === 'answering') this.#arm(this.#answer.idleMs);
  }

  onSwitch(controller: Controller, status: number, socket: Duplex, over: () => void): boolean {
    const ended = (bytes: number, fault?: Fault): void => {
      over();
      this.#settle(this.#outcome(status, bytes, fault));
    };
    const hasRoom = this.#phase === 'asking' && this.#attempt?.becomeTunnel() === true;
    if (!hasRoom || this.handshake?.join(controller.rawHeaders as RawHeaders, socket, ended) !== true) {
      this.#blame(hasRoom ? failures.SWITCHED_UNASKED : failures.TUNNELS_FULL);
      return false;
    }
    this.#phase = 'joined';
    this.#headMs = this.options.now();
    clearTimeout(this.#timer);
    return true;
  }

  // 5. The answer's body.

  onData(chunk: Buffer): void {
    if (this.#phase !== 'answering') return;
    this.#timer?.refresh();
    this.#answer.write(chunk);
  }

  onEnd(controller: Controller): void {
    if (this.#phase !== 'answering') return;
    this.#answer.trail(controller.rawTrailers as RawHeaders | null);
    this.#finish();
  }

  #finish(): void {
    this.#phase = 'flushing';
    this.#answer.end(this);
  }

  onDraining(): void {
    if (this.#phase === 'flushing') this.#answer.drain();
  }

  // 6. The exchange ends well,

  onAnswerTaken(): void {
    if (this.#phase === 'flushing') this.#settle(this.#outcome(this.#answer.status, this.#answer.bytes));
  }

  // 7. by the upstream's fault, unless another attempt may do better,

  onLost(code: string, problem?: string): void {
    if (this.#phase === 'answering') this.#break('upstream_reset_in_body');
    if (this.#phase !== 'asking' || this.#askAgain(code)) return;
    const refusal = failures.refusalFor(code, this.#attempt?.answerBegan === true);
    if (refusal === failures.UNSENDABLE) this.#cannotSend({ code });
    else this.#blame(refusal, code, problem);
  }

  /** By a bug of the gate, before the request was written, */
  #cannotSend(why: object): void {
    reportBug(this.options, this.exchange, why, 'a request could not be sent');
    this.#fail(failures.UNSENDABLE);
  }

  /** or after. */
  onBug(error: unknown): void {
    reportBug(this.options, this.exchange, { err: error }, 'a request failed inside the gate');
    this.#fail(failures.BUG, 'gate_error');
  }

  /** False where the request may not be sent again, or where nobody is there to get it. */
  #askAgain(code: string): boolean {
    const lost = this.#attempt;
    const next = lost && (this.#retries ??= new Retries(this.pools)).next(lost, this.exchange.head, code);
    if (next === undefined) return false;
    this.#pool = next;
    if (!this.#begin()) {
      next.slots.release();
      return false;
    }
    sendBatched(this);
    return true;
  }

  // 8. by the client's,

  onClientGone(): void {
    if (this.#phase === 'over' || this.#phase === 'joined') return;
    this.#pool.slots.leave(this);
    const { status, bytes } = this.#answer;
    this.#settle(this.#outcome(status === 0 ? CLIENT_CLOSED_REQUEST : status, bytes, 'client_gone'));
    this.#attempt?.abandon();
  }

  onTokenEnded(): void {
    if (this.#phase === 'joined') return; // It ends by itself (tunnel.ts).
    this.#pool.slots.leave(this);
    this.#fail(failures.REVOKED, 'token_ended');
  }

  // 9. or because nothing happens any more.

  onTimer(): void {
    if (this.#phase === 'queued') {
      this.#pool.slots.leave(this);
      this.#settle(failures.QUEUE_TIMED_OUT);
    } else if (this.#phase === 'asking') {
      // While it is the client's turn to send, the body's own timer decides.
      if (this.#body?.awaitsClient) this.#timer?.refresh();
      else this.#onSilence();
    } else if (!this.#answer.waitsForClient) this.#fail(failures.HEAD_TIMED_OUT, 'upstream_idle_in_body');
    else if (this.#answer.hasStalled()) this.#fail(failures.HEAD_TIMED_OUT, 'client_stalled');
    else this.#timer?.refresh();
  }

  /** The target's time is over: another may have the same time. */
  #onSilence(): void {
    const silent = this.#attempt;
    silent?.markFailure();
    if (this.#askAgain(failures.HEAD_TIMEOUT)) silent?.abort();
    else this.#blame(failures.HEAD_TIMED_OUT, failures.HEAD_TIMEOUT);
  }

  /** By the fault of the target, which the log names; or by none, where it opened one tunnel too many. */
  #blame(refusal: Refusal, code = '', problem?: string): void {
    if (refusal === failures.TUNNELS_FULL) this.#fail(refusal, 'tunnels_full');
    else {
      this.#pool.failures.report(this.exchange.head.id, refusal, code, problem);
      this.#fail(refusal);
    }
  }

  /** Gives up: with the refusal while no head is written, else by breaking the client's connection. */
  #fail(refusal: Refusal, fault: Fault = 'upstream_reset_in_body'): void {
    if (this.#phase !== 'over') {
      if (this.#answer.hasBegun) this.#break(fault);
      else this.#settle(refusal);
    }
    if (fault.startsWith('upstream_')) this.#attempt?.abort();
    else this.#attempt?.abandon();
  }

  #break(fault: Fault): void {
    this.#settle(this.#outcome(this.#answer.status, this.#answer.bytes, fault));
    this.#answer.break();
  }

  #settle(result: Outcome | Refusal): void {
    this.#phase = 'over';
    this.#resolve?.(result);
    clearTimeout(this.#timer);
    this.#answer.release();
    this.#body?.destroy();
  }

  #outcome(status: number, bytes: number, fault?: Fault): Outcome {
    const upstreamMs = (this.#headMs ?? this.options.now()) - this.#startedMs;
    return { status, target: this.#pool.target.origin, upstreamMs, bytes, fault };
  }

  #arm(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(callOnTimer, afterMs, this);
  }
}
