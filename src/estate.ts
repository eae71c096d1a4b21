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
import type { Log } from './model/log.js';

/** @param before what it takes the place of, where there is such a thing */
type Make<T> = (before: T | undefined) => T | Promise<T>;
type Close<T> = (made: T) => void | Promise<void>;

/** @param from what it is made of: settings, compared by their values, and other kept things, told apart by their functions */
export type Keep = <T>(name: string, from: unknown, make: Make<T>, close?: Close<T>) => Promise<T>;

/** The making of one generation; it ends with one of the two. */
export interface Succession {
  readonly keep: Keep;
  readonly commit: () => void;
  readonly abort: () => Promise<void>;
}

export interface Estate {
  /** One at a time. */
  begin(): Succession;
  /** Ends everything, at once. Never rejects. */
  close(): Promise<void>;
}

export interface EstateOptions {
  readonly log: Log;
  /** How long what is no longer asked for lives on, for requests that began before. */
  readonly graceMs?: number;
}

interface Heirloom {
  readonly name: string;
  readonly from: unknown;
  readonly thing: unknown;
  readonly close: () => void | Promise<void>;
}

/** Longer than a request may take between its head and its upstream: reading keys, counting, looking at passwords. */
const GRACE_MS = 10_000;

/** For what holds nothing open. */
function leave(): void {
  // Nobody knows of it any more: that is its end.
}

export function createEstate({ log, graceMs = GRACE_MS }: EstateOptions): Estate {
  let inForce: ReadonlyMap<string, Heirloom> = new Map();
  /** What waits for the end of its grace. */
  const retiring = new Map<NodeJS.Timeout, readonly Heirloom[]>();
  /** What is being closed: a pool's last exchange may be a stream that lasts for hours. */
  const ending = new Set<Promise<unknown>>();

  async function end({ name, close }: Heirloom): Promise<void> {
    try {
      await close();
    } catch (error) {
      log.warn({ name, err: error }, 'something that is no longer needed could not be closed');
    }
  }

  /** In reverse, since what was made later stands on what was made before. */
  function endAll(heirlooms: Iterable<Heirloom>): void {
    const ended = Promise.all([...heirlooms].reverse().map(end));
    ending.add(ended);
    void ended.finally(() => ending.delete(ended));
  }

  function retire(heirlooms: readonly Heirloom[]): void {
    if (heirlooms.length === 0) return;
    const timer = setTimeout(() => {
      retiring.delete(timer);
      endAll(heirlooms);
    }, graceMs);
    retiring.set(timer.unref(), heirlooms);
  }

  return {
    begin() {
      const before = inForce;
      const next = new Map<string, Heirloom>();
      /** What is being made. Where one fails, the others are waited for, so that they are closed too. */
      const making = new Set<Promise<unknown>>();
      const isNew = (heirloom: Heirloom): boolean => before.get(heirloom.name) !== heirloom;
      return {
        async keep<T>(name: string, from: unknown, make: Make<T>, close: Close<T> = leave): Promise<T> {
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
          inForce = next;
          retire([...before.values()].filter((heirloom) => next.get(heirloom.name) !== heirloom));
        },
        async abort() {
          await Promise.allSettled(making);
          await Promise.all([...next.values()].filter(isNew).reverse().map(end));
        },
      };
    },
    async close() {
      for (const [timer, heirlooms] of retiring) {
        clearTimeout(timer);
        endAll(heirlooms);
      }
      retiring.clear();
      endAll(inForce.values());
      inForce = new Map();
      await Promise.all(ending);
    },
  };
}
