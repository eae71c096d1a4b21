/** Counts in this process's memory, by rate-limiter-flexible, with a bound on the number of keys. */
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes, type IRateLimiterOptions } from 'rate-limiter-flexible';

/** A limiter in bounded memory. Clients choose the keys, so beyond `maxKeys` the least recently used is removed. */
export class MemoryCounts extends RateLimiterMemory {
  readonly #keys: LRUCache<string, true>;

  constructor(options: IRateLimiterOptions, maxKeys: number) {
    super(options);
    this.#keys = new LRUCache({ max: maxKeys, dispose: (_, key) => void this.delete(key) });
  }

  override penalty(key: string, points?: number): Promise<RateLimiterRes> {
    this.#keys.set(key, true);
    return super.penalty(key, points);
  }

  override set(key: string, points: number, durationS: number): Promise<RateLimiterRes> {
    this.#keys.set(key, true);
    return super.set(key, points, durationS);
  }

  /** Deletes a count that is at least `least`. False if there is none. */
  async end(key: string, least: number): Promise<boolean> {
    const count = await this.get(key);
    return count !== null && count.consumedPoints >= least && this.delete(key);
  }

  /** Decreases a count only if it still exists, so that none falls below zero. */
  override async reward(key: string, points?: number): Promise<RateLimiterRes> {
    return (await this.get(key)) ? super.reward(key, points) : new RateLimiterRes();
  }
}
