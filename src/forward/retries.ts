/** Chooses the target of a retry, for `proxy-exchange.ts`, and remembers the targets that were tried. */
import type { RequestHead } from '../model/request.js';
import type { Attempt } from './attempt.js';
import { resendAfter } from './failures.js';
import type { TargetPool } from './target-pool.js';
import type { UpstreamPools } from './upstream-pools.js';

/** The retries of one exchange. */
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
    else next?.slots.tryAcquireUnfair();
    return next;
  }
}
