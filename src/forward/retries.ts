/** The targets that had one exchange's request, and which one gets it next. */
import type { RequestHead } from '../model/request.js';
import type { Attempt } from './attempt.js';
import { resendAfter } from './failures.js';
import type { TargetPool } from './target-pool.js';
import type { UpstreamPools } from './upstream-pools.js';

export class Retries {
  readonly #tried: TargetPool[] = [];

  constructor(readonly pools: UpstreamPools) {}

  /**
   * Finds where the request is sent after an attempt that failed, and takes a slot there.
   *
   * @param code of the failure, as the system or undici name it
   * @returns undefined where the request may not be sent again, or where no target can take it at once
   */
  next(failed: Attempt, head: RequestHead, code: string): TargetPool | undefined {
    const where = resendAfter(head, code, failed.wasSent);
    if (failed.answerBegan || where === 'nowhere') return undefined;
    if (this.#tried.length >= this.pools.upstream.retries) return undefined;
    this.#tried.push(failed.pool);
    const next = this.pools.chooseForRetry(this.#tried, where === 'anywhere');
    // An attempt in the same place has the slot of the one before it; elsewhere it waits in no queue.
    if (next === failed.pool) failed.transferSlot();
    else next?.slots.takeFree();
    return next;
  }
}
