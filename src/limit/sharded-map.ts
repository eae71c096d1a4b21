/**
 * The memory store's keys: a Map in parts.
 *
 * A Map of a million entries stops the process for a third of a second when it grows or makes room after deletions; each of
 * these parts does so for itself.
 */
const SHARDS = 64;

export class ShardedMap<V> {
  size = 0;
  readonly #shards: readonly Map<string, V>[] = Array.from({ length: SHARDS }, () => new Map<string, V>());

  get(key: string): V | undefined {
    return this.#shardOf(key).get(key);
  }

  /** Adds a key that is not there yet. */
  set(key: string, value: V): void {
    this.#shardOf(key).set(key, value);
    this.size += 1;
  }

  /** Removes a key that is there. */
  delete(key: string): void {
    this.#shardOf(key).delete(key);
    this.size -= 1;
  }

  #shardOf(key: string): Map<string, V> {
    let hash = 0;
    for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
    // The high bits have seen every character; the low ones of a sum of odd multiples are nearly parity.
    return this.#shards[(hash ^ (hash >>> 15)) & (SHARDS - 1)]!;
  }
}
