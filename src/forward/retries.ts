/** The retry policy, for `proxy-exchange.ts`: whether a request may be sent again, and to which target. */
import type { RequestHead } from '../model/request.js';
import type { Attempt } from './attempt.js';
import { isTargetsFault, LOST_CODES } from './failures.js';
import type { TargetPool } from './target-pool.js';
import type { UpstreamPools } from './upstream-pools.js';

/** RFC 9110 9.2.1. TRACE, the fourth, is refused earlier. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The retries of one exchange, with the targets that were tried. */
export class Retries {
  readonly #tried: TargetPool[] = [];

  constructor(readonly pools: UpstreamPools) {}

  /**
   * Chooses the next target after a failed attempt and takes a slot there.
   *
   * @param code the error code of the system or undici
   * @returns undefined where the request may not be sent again, or no target can take it at once
   */
  next(failed: Attempt, head: RequestHead, code: string): TargetPool | undefined {
    const where = resendAfter(head, code, failed.wasSent);
    if (failed.responseBegan || where === 'nowhere') return undefined;
    if (this.#tried.length >= this.pools.upstream.retries) return undefined;
    this.#tried.push(failed.pool);
    const next = this.pools.chooseForRetry(this.#tried, where === 'anywhere');
    // At the same target the new attempt gets the failed one's slot. At another it never waits in the queue.
    if (next === failed.pool) failed.transferSlot();
    else next?.slots.tryAcquireIgnoringShares();
    return next;
  }
}

/**
 * Decides whether and where a request may be sent again (RFC 9110 9.2.2). Before a byte of it was sent, any request
 * may. Afterwards only one with a safe method and no body may, never a POST. The same target may get it only where the
 * connection was lost or refused, since the next connection may work. Another target may get it also after a timeout of
 * the connection or the response. No target gets it where undici could not parse the response.
 *
 * @param wasSent whether a byte of the request may have been sent
 */
function resendAfter(
  { method, body }: RequestHead,
  code: string,
  wasSent: boolean,
): 'anywhere' | 'elsewhere' | 'nowhere' {
  if (wasSent && (!SAFE_METHODS.has(method) || body !== 'none')) return 'nowhere';
  if (code === 'ECONNREFUSED' || LOST_CODES.has(code)) return 'anywhere';
  return isTargetsFault(code) && !code.startsWith('HPE_') ? 'elsewhere' : 'nowhere';
}
