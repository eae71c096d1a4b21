/**
 * The resources that survive a reload: connections, counts, keys, and the health of targets. Used by `reloader.ts`.
 *
 * A gateway instance asks for each resource by name. If the instance before it made the resource from equal settings, it is
 * reused; otherwise it is created.
 *
 *   begin ── reuse, reuse, reuse ──┬── commit: resources no longer used are closed after the grace period
 *                                  └── abort: new resources are closed at once; reused ones stay open
 */
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../model/log.js';

/** @param before the resource that the new one replaces, if any */
type Make<T> = (before: T | undefined) => T | Promise<T>;
type Close<T> = (resource: T) => void | Promise<void>;

/**
 * Returns the resource of that name made from an equal `from`, else creates it.
 *
 * @param from its settings, compared by value, and other resources, which differ by their functions
 */
export type Reuse = <T>(name: string, from: unknown, make: Make<T>, close?: Close<T>) => Promise<T>;

/** The resources of one new instance. It ends with `commit` or `abort`. */
export interface ResourceUpdate {
  readonly reuse: Reuse;
  readonly commit: () => void;
  readonly abort: () => Promise<void>;
}

export interface ResourcePool {
  /** Begins an update; only one at a time. */
  begin(): ResourceUpdate;
  /** Closes every resource at once. Never rejects. */
  close(): Promise<void>;
}

export interface ResourcePoolOptions {
  readonly log: Log;
  /** Milliseconds for which an unused resource stays open, for requests that began before. */
  readonly graceMs?: number;
}

interface PooledResource {
  readonly name: string;
  readonly from: unknown;
  readonly value: unknown;
  readonly close: () => void | Promise<void>;
}

/** Longer than a request takes from its head to its upstream: fetching keys, counting, verifying passwords. */
const GRACE_MS = 10_000;

/** For a resource that holds nothing open. */
function closeNothing(): void {
  // Garbage collection is enough.
}

/** Creates an empty pool. */
export function createResourcePool({ log, graceMs = GRACE_MS }: ResourcePoolOptions): ResourcePool {
  let active: ReadonlyMap<string, PooledResource> = new Map();
  /** Resources in their grace period. */
  const retiring = new Map<NodeJS.Timeout, readonly PooledResource[]>();
  /** Closes in progress. One may take hours, since an upstream's last exchange may be a long stream. */
  const ending = new Set<Promise<unknown>>();

  function closeAll(resources: Iterable<PooledResource>): void {
    const ended = closeInReverse(resources, log);
    ending.add(ended);
    void ended.finally(() => ending.delete(ended));
  }

  function retire(resources: readonly PooledResource[]): void {
    if (resources.length === 0) return;
    const timer = setTimeout(() => {
      retiring.delete(timer);
      closeAll(resources);
    }, graceMs);
    retiring.set(timer.unref(), resources);
  }

  return {
    begin() {
      const before = active;
      return createUpdate(before, log, (next) => {
        active = next;
        retire([...before.values()].filter((resource) => next.get(resource.name) !== resource));
      });
    },
    async close() {
      for (const [timer, resources] of retiring) {
        clearTimeout(timer);
        closeAll(resources);
      }
      retiring.clear();
      closeAll(active.values());
      active = new Map();
      await Promise.all(ending);
    },
  };
}

/**
 * Creates an update.
 *
 * @param before the resources of the instance before
 * @param commit receives the resources of the new instance
 */
function createUpdate(
  before: ReadonlyMap<string, PooledResource>,
  log: Log,
  commit: (next: ReadonlyMap<string, PooledResource>) => void,
): ResourceUpdate {
  const next = new Map<string, PooledResource>();
  /** Resources being created. If one fails, `abort` waits for the others, so that they are closed too. */
  const creating = new Set<Promise<unknown>>();

  async function create<T>(
    name: string,
    from: unknown,
    make: () => T | Promise<T>,
    close: Close<T>,
  ): Promise<T> {
    const value = await make();
    next.set(name, { name, from, value, close: () => close(value) });
    return value;
  }

  return {
    async reuse<T>(name: string, from: unknown, make: Make<T>, close: Close<T> = closeNothing): Promise<T> {
      const known = before.get(name);
      // The same call made it for an earlier instance, so it has this type.
      const former = known?.value as T | undefined;
      if (known && isDeepStrictEqual(known.from, from)) {
        next.set(name, known);
        return former as T;
      }
      const creation = create(name, from, () => make(former), close);
      creating.add(creation);
      return creation;
    },
    commit: () => commit(next),
    async abort() {
      await Promise.allSettled(creating);
      const created = [...next.values()].filter((resource) => before.get(resource.name) !== resource);
      await closeInReverse(created, log);
    },
  };
}

/** Closes in reverse order of creation, since later resources use earlier ones. Never rejects. */
async function closeInReverse(resources: Iterable<PooledResource>, log: Log): Promise<void> {
  await Promise.all([...resources].reverse().map((resource) => closeOne(resource, log)));
}

async function closeOne({ name, close }: PooledResource, log: Log): Promise<void> {
  try {
    await close();
  } catch (error) {
    log.warn({ name, err: error }, 'an unused resource could not be closed');
  }
}
