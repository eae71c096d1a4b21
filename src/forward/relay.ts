/** One exchange with an upstream: waits for a slot, sends the request, and streams the answer to the client. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Refusal } from '../model/refusal.js';
import { Answer, type ClientEvents } from './answer.js';
import type { Exchange, Fault, ForwarderOptions, Outcome } from './exchange.js';
import * as failures from './failures.js';
import { RequestBody, type BodyEvents } from './request-body.js';
import type { RawHeaders } from './response-headers.js';
import type { Waiter } from './slots.js';
import type { TargetPool } from './target-pool.js';
import type { Join } from './tunnel.js';

type Controller = Dispatcher.DispatchController;

/** The status in the log for a client that left before an answer, as nginx has it. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * queued: for a slot · asking: until the answer's head · answering: until the upstream is done with it ·
 * flushing: until the client has it · joined: a tunnel · over: settled, though undici may still have to let go
 */
type Phase = 'queued' | 'asking' | 'answering' | 'flushing' | 'joined' | 'over';

export class Relay implements Dispatcher.DispatchHandler, Waiter, BodyEvents, ClientEvents {
  #phase: Phase = 'queued';
  #controller: Controller | undefined;
  #body: RequestBody | undefined;
  #timer: NodeJS.Timeout | undefined;
  #holdsSlot = false;
  #answerBegan = false;
  #resends = 0;
  #startedMs = 0;
  #headMs: number | undefined;
  #resolve: ((result: Outcome | Refusal) => void) | undefined;
  readonly #answer: Answer;

  constructor(
    readonly exchange: Exchange,
    readonly pool: TargetPool,
    readonly options: ForwarderOptions,
    readonly join: Join | undefined,
    sink: Duplex | Exchange['res'],
  ) {
    this.#answer = new Answer(exchange, pool.upstream, sink, options.leash);
  }

  run(): Promise<Outcome | Refusal> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#startedMs = this.options.now();
      if (this.#answer.watch(this)) this.#takeSlot();
      else this.onClientGone();
    });
  }

  // 1. A slot of the target, or a place in its queue.

  #takeSlot(): void {
    const { slots, upstream } = this.pool;
    const found = slots.take(this);
    if (found === 'full') this.#settle(failures.QUEUE_FULL);
    else if (found === 'taken') this.onSlot();
    else this.#arm(upstream.connectTimeoutMs);
  }

  onSlot(): void {
    this.#holdsSlot = true;
    this.#phase = 'asking';
    this.#arm(this.pool.upstream.timeoutMs);
    this.#dispatch();
  }

  // 2. The request goes out.

  #dispatch(): void {
    const { head, admission } = this.exchange;
    const body = this.#openBody();
    const length = body instanceof RequestBody && head.body === 'sized' ? head.contentLength : undefined;
    this.pool.dispatch(
      {
        path: admission.path + admission.query,
        method: head.method,
        headers: this.pool.buildHeaders(head, admission.principal, length),
        body,
        upgrade: this.join ? 'websocket' : null,
        // undici closes the connection after a HEAD unless told not to.
        ...(head.method === 'HEAD' && body === null ? { reset: false } : {}),
      },
      this,
    );
  }

  #openBody(): RequestBody | Buffer | null {
    const { head, parsedBody } = this.exchange;
    if (parsedBody !== undefined) return parsedBody;
    if (head.body === 'none' || (head.body === 'sized' && head.contentLength === 0)) return null;
    this.#body = new RequestBody(this.exchange, this.options.bodyTimeoutMs, this);
    return this.#body;
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

  // 3. undici has a connection and is about to write. Before this it cannot be told to stop.

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    this.pool.unwant();
    if (this.#phase === 'over') controller.abort(new Error('the exchange is over'));
  }

  // 4. The answer's head.

  onResponseStarted(): void {
    this.#answerBegan = true;
  }

  onResponseStart(controller: Controller, status: number, headers: IncomingHttpHeaders, reason = ''): void {
    if (this.#phase !== 'asking') return;
    if (status === 101) this.#fail(failures.SWITCHED_UNASKED);
    else if (status < 200) this.#answer.hint(status, headers);
    else if (!this.#answer.start(controller, status, headers, reason)) this.#fail(failures.UNKNOWN_CODING);
    else this.#answering();
  }

  #answering(): void {
    this.#phase = 'answering';
    this.#headMs = this.options.now();
    this.#arm(this.#answer.idleMs);
    // What has no body ends here: undici calls a 304 that states its length broken.
    if (this.#answer.bodiless) this.#finish();
  }

  onRequestUpgrade(
    controller: Controller,
    status: number,
    _headers: IncomingHttpHeaders,
    socket: Duplex,
  ): void {
    const over = (bytes: number, fault?: Fault): void => {
      this.#releaseSlot();
      this.#settle(this.#outcome(status, bytes, fault));
    };
    if (this.#phase === 'asking' && this.join?.(controller.rawHeaders as RawHeaders, socket, over) === true) {
      this.#phase = 'joined';
      this.#headMs = this.options.now();
      clearTimeout(this.#timer);
      return;
    }
    socket.destroy();
    this.#releaseSlot();
    this.#fail(failures.SWITCHED_UNASKED);
  }

  // 5. The answer's body.

  onResponseData(_controller: Controller, chunk: Buffer): void {
    if (this.#phase !== 'answering') return;
    this.#timer?.refresh();
    this.#answer.write(chunk);
  }

  onResponseEnd(controller: Controller): void {
    this.#releaseSlot();
    if (this.#phase !== 'answering') return;
    this.#answer.trail(controller.rawTrailers as RawHeaders | null);
    this.#finish();
  }

  #finish(): void {
    this.#phase = 'flushing';
    this.#answer.end();
  }

  // 6. The exchange ends well,

  onAnswerTaken(): void {
    if (this.#phase === 'flushing') this.#settle(this.#outcome(this.#answer.status, this.#answer.bytes));
  }

  // 7. by the upstream's fault,

  onResponseError(_controller: Controller | undefined, error: Error): void {
    const code = failures.codeOf(error);
    if (this.#controller === undefined) this.pool.unwant();
    if (this.#mayResend(code)) {
      this.#resends += 1;
      this.#controller = undefined;
      // Not now: undici is in the middle of clearing up the connection that failed.
      setImmediate((relay: Relay) => relay.resend(), this);
      return;
    }
    this.#releaseSlot();
    if (this.#phase === 'asking') {
      const refusal = failures.refusalFor(code, this.#answerBegan);
      if (refusal.reason === 'internal_error') {
        this.options.log.error(
          { request_id: this.exchange.head.id, code },
          'undici refused to send a request',
        );
      }
      this.#settle(refusal);
    } else if (this.#phase === 'answering') {
      this.#break('upstream_reset_in_body');
    }
  }

  #mayResend(code: string): boolean {
    if (this.#phase !== 'asking' || this.#answerBegan) return false;
    return this.#resends < this.pool.upstream.retries && failures.mayResend(this.exchange.head, code);
  }

  resend(): void {
    if (this.#phase === 'asking') this.#dispatch();
    else this.#releaseSlot();
  }

  // 8. by the client's,

  onClientGone(): void {
    if (this.#phase === 'over' || this.#phase === 'joined') return;
    this.pool.slots.leave(this);
    const { status, bytes } = this.#answer;
    this.#settle(this.#outcome(status === 0 ? CLIENT_CLOSED_REQUEST : status, bytes, 'client_gone'));
    this.#controller?.abort(new Error('the client has gone'));
  }

  onTokenEnded(): void {
    this.#fail(failures.HEAD_TIMED_OUT, 'token_ended');
  }

  // 9. or because nothing happens any more.

  onTimer(): void {
    if (this.#phase === 'queued') {
      this.pool.slots.leave(this);
      this.#settle(failures.QUEUE_TIMED_OUT);
    } else if (this.#phase === 'asking') {
      // While it is the client's turn to send, the body's own timer decides.
      if (this.#body?.awaitsClient) this.#timer?.refresh();
      else this.#fail(failures.HEAD_TIMED_OUT);
    } else if (!this.#answer.waitsForClient) {
      this.#fail(failures.HEAD_TIMED_OUT, 'upstream_idle_in_body');
    } else if (this.#answer.hasStalled()) {
      this.#fail(failures.HEAD_TIMED_OUT, 'client_stalled');
    } else {
      this.#timer?.refresh();
    }
  }

  /** Gives up: with the refusal while nothing is answered, else by breaking the client's connection. */
  #fail(refusal: Refusal, fault: Fault = 'upstream_reset_in_body'): void {
    if (this.#phase === 'asking') this.#settle(refusal);
    else if (this.#phase !== 'over') this.#break(fault);
    this.#controller?.abort(new Error('the exchange has failed'));
  }

  #break(fault: Fault): void {
    this.#settle(this.#outcome(this.#answer.status, this.#answer.bytes, fault));
    this.#answer.break();
  }

  #settle(result: Outcome | Refusal): void {
    this.#phase = 'over';
    clearTimeout(this.#timer);
    this.#answer.release();
    this.#body?.destroy();
    this.#resolve?.(result);
  }

  #outcome(status: number, bytes: number, fault?: Fault): Outcome {
    const upstreamMs = (this.#headMs ?? this.options.now()) - this.#startedMs;
    return { status, target: this.pool.target.origin, upstreamMs, bytes, fault };
  }

  #releaseSlot(): void {
    if (!this.#holdsSlot) return;
    this.#holdsSlot = false;
    this.pool.slots.release();
  }

  #arm(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout((relay: Relay) => relay.onTimer(), afterMs, this);
  }
}
