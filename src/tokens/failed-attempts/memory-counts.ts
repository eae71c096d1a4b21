/** The counts of failed attempts in this process: rate-limiter-flexible's, in bounded memory. */
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRes, type IRateLimiterOptions } from 'rate-limiter-flexible';

/** Strangers choose what is counted, so beyond `maxKeys` the count that was touched longest ago is forgotten. */
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

  /** Gives back only to a count that still stands, so that none falls below zero. */
  override async reward(key: string, points?: number): Promise<RateLimiterRes> {
    return (await this.get(key)) ? super.reward(key, points) : new RateLimiterRes();
  }
}
