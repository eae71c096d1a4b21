/**
 * Reads a small body in full before its exchange takes a slot of the upstream, for `forward.ts`. Sending a body that
 * has already arrived is cheaper than streaming it. Where slots are scarce, a slow client must not hold one. A small
 * body takes no more memory than Node's own buffer of a request.
 */
import type { RequestHead } from '../model/request.js';
import type { Refusal } from '../model/refusal.js';
import { BodyPace, type BodyLimits } from './body-pace.js';
import type { Exchange, TokenWatcher } from './exchange.js';
import { BODY_TIMED_OUT, REVOKED } from './failures.js';

/** The high-water mark of Node's request stream. */
const SMALL_BYTES = 16 * 1024;
/** All pending bodies together. Beyond it, bodies are streamed. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;

export type SmallBody = Buffer | Refusal | 'client_gone';

/** Reads the small bodies of a gateway instance and bounds their memory. */
export class SmallBodies {
  #waitedBytes = 0;

  /** @param limits the pace; the streamWatcher ends the wait when the caller is revoked */
  constructor(readonly limits: BodyLimits & { readonly streamWatcher?: TokenWatcher }) {}

  /**
   * Reads a small body, at once where all of it has arrived. Returns undefined for no body or one to stream. The
   * promise never rejects.
   *
   * @param isScarce whether to wait for a body that has not arrived in full
   */
  read(exchange: Exchange, isScarce: boolean): SmallBody | Promise<SmallBody> | undefined {
    const { req, head, parsedBody } = exchange;
    const { contentLength } = head;
    if (parsedBody !== undefined || !isSmall(head) || req.destroyed || req.readableDidRead) return undefined;
    if (req.complete && req.readableLength === contentLength) return req.read() as Buffer;
    if (!isScarce || this.#waitedBytes + contentLength > MAX_PENDING_BYTES) return undefined;
    this.#waitedBytes += contentLength;
    return collect(exchange, this.limits).finally(() => (this.#waitedBytes -= contentLength));
  }
}

/** With `Expect: 100-continue` the body is requested only when the upstream is connected (RFC 9110 10.1.1). */
function isSmall({ body, contentLength, expectsContinue }: RequestHead): boolean {
  return body === 'sized' && contentLength > 0 && contentLength <= SMALL_BYTES && !expectsContinue;
}

function collect(
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
      unsubscribe?.();
      req.off('data', onData).off('end', onEnd).off('close', onClose);
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      at += chunk.copy(bytes, at);
      pace.bytes += chunk.length;
    };
    const onEnd = (): void => settle(at === size ? bytes : 'client_gone');
    const onClose = (): void => settle('client_gone');
    const timer = setTimeout(() => {
      if (pace.isTooSlow(pace.tickMs)) settle(BODY_TIMED_OUT);
      else timer.refresh();
    }, pace.tickMs);
    const unsubscribe = streamWatcher?.onRevocation(() => {
      if (streamWatcher.isRevoked(admission.principal)) settle(REVOKED);
    });
    req.on('data', onData).once('end', onEnd).once('close', onClose);
  });
}
