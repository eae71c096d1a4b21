/**
 * A Map in shards, for the keys of the memory store.
 *
 * A Map of a million entries blocks the process for a third of a second when it grows, or compacts after deletions.
 * Each shard does so separately.
 */
const SHARDS = 64;

/** A map with string keys, in 64 shards. */
export class ShardedMap<V> {
  size = 0;
  readonly #shards: readonly Map<string, V>[] = Array.from({ length: SHARDS }, () => new Map<string, V>());

  get(key: string): V | undefined {
    return this.#shardOf(key).get(key);
  }

  /** Adds a key that is not in the map yet. */
  set(key: string, value: V): void {
    this.#shardOf(key).set(key, value);
    this.size += 1;
  }

  /** Removes a key that is in the map. */
  delete(key: string): void {
    this.#shardOf(key).delete(key);
    this.size -= 1;
  }

  #shardOf(key: string): Map<string, V> {
    let hash = 0;
    for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
    // The high bits depend on every character; the low bits of a sum of odd multiples are nearly a parity.
    return this.#shards[(hash ^ (hash >>> 15)) & (SHARDS - 1)]!;
  }
}
