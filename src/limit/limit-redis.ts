/** What the limits need of Redis: a connection that runs scripts, and calls grouped by slot in a cluster. */

/** The part of the Redis connection that the Redis store uses. */
export interface LimitRedis {
  /** False during a known outage: then no call is made. */
  readonly isUp: boolean;
  /** Only for a cluster: where a key is now. Keys of one slot may share a call, and each server has its own clock. */
  readonly locate?: (key: string) => { readonly slot: number; readonly server: object | undefined };
  /** Runs a script that replies with a list; `unavailable` when that fails or takes longer than `withinMs`. */
  runScript(
    lua: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    withinMs: number,
  ): Promise<readonly unknown[] | 'unavailable'>;
}

/** Groups items by the slot of their keys, in the order of the first item of each slot. */
export function bySlot<T>(items: readonly T[], slotOf: (item: T) => number): Iterable<T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const slot = slotOf(item);
    const group = groups.get(slot);
    if (group) group.push(item);
    else groups.set(slot, [item]);
  }
  return groups.values();
}
