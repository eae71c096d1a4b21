/**
 * Reads counts in Redis without changing them, for `redis-store.ts`. The reads of one tick of the event loop share a call; in
 * a cluster they are one call for each slot.
 */
import { batchPerTick } from '../shared/batch-per-tick.js';
import type { LimitPolicy } from '../model/limit.js';
import { bySlot, type LimitRedis } from './limit-redis.js';
import { INSPECT_SCRIPT, STATE_FIELDS } from './script.js';
import { windowState, type LimitState } from './store.js';

/** The most windows in one call, so that Redis is not blocked for long. */
const WINDOWS_PER_CALL = 64;

/** One window to read. */
interface Read {
  readonly key: string;
  readonly limit: LimitPolicy;
  resolve(state: LimitState | undefined): void;
}

interface InspectorOptions {
  readonly connection: LimitRedis;
  /** The prefix of every key. */
  readonly keyPrefix: string;
  /** The longest time for a call. */
  readonly timeoutMs: number;
}

/** The reader of a Redis store. */
export class RedisInspector {
  readonly #options: InspectorOptions;
  readonly #enqueue: (read: Read) => void;

  constructor(options: InspectorOptions) {
    this.#options = options;
    this.#enqueue = batchPerTick((reads) => this.#send(reads));
  }

  /** Returns the state of each window, in order; `unavailable` where Redis did not reply in time for all of them. */
  async inspect(
    keys: readonly string[],
    limits: readonly LimitPolicy[],
  ): Promise<readonly LimitState[] | 'unavailable'> {
    const states = await Promise.all(
      keys.map(
        (key, i) =>
          new Promise<LimitState | undefined>((resolve) =>
            this.#enqueue({ key: this.#options.keyPrefix + key, limit: limits[i]!, resolve }),
          ),
      ),
    );
    return states.every((state) => state !== undefined) ? states : 'unavailable';
  }

  #send(reads: readonly Read[]): void {
    const { locate } = this.#options.connection;
    for (const group of locate ? bySlot(reads, ({ key }) => locate(key).slot) : [reads])
      for (let i = 0; i < group.length; i += WINDOWS_PER_CALL)
        void this.#call(group.slice(i, i + WINDOWS_PER_CALL));
  }

  async #call(reads: readonly Read[]): Promise<void> {
    const { connection, timeoutMs } = this.#options;
    const keys: string[] = [];
    const args: number[] = [];
    for (const { key, limit } of reads) {
      keys.push(key);
      args.push(limit.requests, limit.windowMs);
    }
    const reply = await connection.runScript(INSPECT_SCRIPT, keys, args, timeoutMs);
    for (const [i, read] of reads.entries()) read.resolve(stateOf(reply, i, read.limit));
  }
}

/** Reads one window's part of the reply; undefined where the reply does not have it. */
function stateOf(
  reply: readonly unknown[] | 'unavailable',
  index: number,
  limit: LimitPolicy,
): LimitState | undefined {
  if (reply === 'unavailable') return undefined;
  const used = reply[1 + index * STATE_FIELDS];
  const resetAtMs = reply[2 + index * STATE_FIELDS];
  return typeof used === 'number' && typeof resetAtMs === 'number'
    ? windowState(used, resetAtMs, limit)
    : undefined;
}
