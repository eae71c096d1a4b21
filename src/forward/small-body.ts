/**
 * A small body is read whole before its exchange takes a slot of the upstream: where it has come whole, since it is
 * cheaper to pass on so, and where slots are scarce, so that a client that sends it slowly keeps nobody waiting. It takes
 * no more memory than Node's own buffer of a request would.
 */
import type { RequestHead } from '../model/request.js';
import type { Refusal } from '../model/refusal.js';
import { BodyPace, type BodyLimits } from './body-pace.js';
import type { Exchange, StreamWatcher } from './exchange.js';
import { BODY_TIMED_OUT, REVOKED } from './failures.js';

/** The high-water mark of Node's request stream. */
const SMALL_BYTES = 16 * 1024;
/** What all bodies that are waited for may take together. Beyond it, bodies are streamed. */
const MOST_WAITED_BYTES = 16 * 1024 * 1024;

export type SmallBody = Buffer | Refusal | 'client_gone';

export class SmallBodies {
  #waitedBytes = 0;

  /** @param limits with the streamWatcher that ends the wait when the caller is revoked */
  constructor(readonly limits: BodyLimits & { readonly streamWatcher?: StreamWatcher }) {}

  /**
   * Reads a small body: at once where all of it has come. Undefined where it is to be streamed, or where there is none.
   *
   * @param isScarce whether it is waited for, too
   */
  read(exchange: Exchange, isScarce: boolean): SmallBody | Promise<SmallBody> | undefined {
    const { req, head, parsedBody } = exchange;
    const { contentLength } = head;
    if (parsedBody !== undefined || !isSmall(head) || req.destroyed || req.readableDidRead) return undefined;
    if (req.complete && req.readableLength === contentLength) return req.read() as Buffer;
    if (!isScarce || this.#waitedBytes + contentLength > MOST_WAITED_BYTES) return undefined;
    this.#waitedBytes += contentLength;
    return gather(exchange, this.limits).finally(() => (this.#waitedBytes -= contentLength));
  }
}

/** A client that waits to be asked for its body is asked when the upstream's connection stands (RFC 9110 10.1.1). */
function isSmall({ body, contentLength, expectsContinue }: RequestHead): boolean {
  return body === 'sized' && contentLength > 0 && contentLength <= SMALL_BYTES && !expectsContinue;
}

function gather(
  { req, head: { contentLength: size }, admission }: Exchange,
  limits: SmallBodies['limits'],
): Promise<SmallBody> {
  const pace = new BodyPace(limits);
  const { streamWatcher } = limits;
  return new Promise((resolve) => {
    const bytes = Buffer.allocUnsafe(size);
    let at = 0;
    const settle = (result: SmallBody): void => {
      clearTimeout(timer);
      letGo?.();
      req.off('data', take).off('end', finish).off('close', leave);
      resolve(result);
    };
    const take = (chunk: Buffer): void => {
      at += chunk.copy(bytes, at);
      pace.bytes += chunk.length;
    };
    const finish = (): void => settle(at === size ? bytes : 'client_gone');
    const leave = (): void => settle('client_gone');
    const timer = setTimeout(() => {
      if (pace.isTooSlow(pace.tickMs)) settle(BODY_TIMED_OUT);
      else timer.refresh();
    }, pace.tickMs);
    const letGo = streamWatcher?.onRevocation(() => {
      if (streamWatcher.isRevoked(admission.principal)) settle(REVOKED);
    });
    req.on('data', take).once('end', finish).once('close', leave);
  });
}
