/**
 * What outlives a reload: connections, counts, keys, and what is known of others' health.
 *
 * A generation is one reading of the file made into a gate. It asks for what it stands on by name: what the generation
 * before it made from the same is handed on, all else is made.
 *
 *   begin ── keep, keep, keep ──┬── commit: what was not asked for again is closed, once requests under way are over
 *                               └── abort: what was newly made is closed at once; what was handed on stays
 */
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../model/log.js';

/** @param before what it takes the place of, where there is such a thing */
type Make<T> = (before: T | undefined) => T | Promise<T>;
type Close<T> = (made: T) => void | Promise<void>;

/** @param from what it is made of: settings, compared by their values, and other kept things, told apart by their functions */
export type Reuse = <T>(name: string, from: unknown, make: Make<T>, close?: Close<T>) => Promise<T>;

/** The making of one generation; it ends with one of the two. */
export interface ResourceUpdate {
  readonly reuse: Reuse;
  readonly commit: () => void;
  readonly abort: () => Promise<void>;
}

export interface ResourcePool {
  /** One at a time. */
  begin(): ResourceUpdate;
  /** Ends everything, at once. Never rejects. */
  close(): Promise<void>;
}

export interface ResourcePoolOptions {
  readonly log: Log;
  /** How long what is no longer asked for lives on, for requests that began before. */
  readonly graceMs?: number;
}

interface PooledResource {
  readonly name: string;
  readonly from: unknown;
  readonly thing: unknown;
  readonly close: () => void | Promise<void>;
}

/** Longer than a request may take between its head and its upstream: reading keys, counting, looking at passwords. */
const GRACE_MS = 10_000;

/** For what holds nothing open. */
function closeNothing(): void {
  // Nobody knows of it any more: that is its end.
}

export function createResourcePool({ log, graceMs = GRACE_MS }: ResourcePoolOptions): ResourcePool {
  let active: ReadonlyMap<string, PooledResource> = new Map();
  /** What waits for the end of its grace. */
  const retiring = new Map<NodeJS.Timeout, readonly PooledResource[]>();
  /** What is being closed: a pool's last exchange may be a stream that lasts for hours. */
  const ending = new Set<Promise<unknown>>();

  async function closeOne({ name, close }: PooledResource): Promise<void> {
    try {
      await close();
    } catch (error) {
      log.warn({ name, err: error }, 'something that is no longer needed could not be closed');
    }
  }

  /** In reverse, since what was made later stands on what was made before. */
  function closeAll(resources: Iterable<PooledResource>): void {
    const ended = Promise.all([...resources].reverse().map(closeOne));
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
      const next = new Map<string, PooledResource>();
      /** What is being made. Where one fails, the others are waited for, so that they are closed too. */
      const making = new Set<Promise<unknown>>();
      const isNew = (resource: PooledResource): boolean => before.get(resource.name) !== resource;
      return {
        async reuse<T>(
          name: string,
          from: unknown,
          make: Make<T>,
          close: Close<T> = closeNothing,
        ): Promise<T> {
          const known = before.get(name);
          // What stands under a name was made by this very call, in a generation before.
          const former = known?.thing as T | undefined;
          if (known && isDeepStrictEqual(known.from, from)) {
            next.set(name, known);
            return former as T;
          }
          const made = (async () => {
            const thing = await make(former);
            next.set(name, { name, from, thing, close: () => close(thing) });
            return thing;
          })();
          making.add(made);
          return made;
        },
        commit() {
          active = next;
          retire([...before.values()].filter((heirloom) => next.get(heirloom.name) !== heirloom));
        },
        async abort() {
          await Promise.allSettled(making);
          await Promise.all([...next.values()].filter(isNew).reverse().map(closeOne));
        },
      };
    },
    async close() {
      for (const [timer, heirlooms] of retiring) {
        clearTimeout(timer);
        closeAll(heirlooms);
      }
      retiring.clear();
      closeAll(active.values());
      active = new Map();
      await Promise.all(ending);
    },
  };
}
