/**
 * The revocation source in Redis, for a gateway with Redis and no database.
 *
 * Redis may lose its data; without persistence it does at each restart. Every gateway then writes back what it knows,
 * from memory or disk. Revocations are lost only when Redis and all gateways without a disk restart together. One that
 * was undone at that moment may return; it is refused until it is undone again, never accepted by mistake.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Revocation } from '../model/revocation.js';
import type { RevocationRedis } from './revocation-notifier.js';
import { fieldOf, readChanges, readEntry, writeEntry } from './redis-entry.js';
import {
  CHANGES_SCRIPT,
  MERGE_SCRIPT,
  PAGE_SCRIPT,
  RESTORE_SCRIPT,
  REVISION_SCRIPT,
  REVOKE_SCRIPT,
} from './redis-scripts.js';
import type { Position, Reader, RevocationSource } from './source.js';

export interface RedisSourceOptions {
  readonly connection: RevocationRedis & {
    /** Settles when it is known whether Redis is available. */
    readonly attempted: Promise<void>;
  };
  /** The key of the hash. */
  readonly key: string;
  /** The address of Redis, which identifies it. */
  readonly name: string;
}

/** How many revocations one call has: it blocks Redis for some milliseconds at most. */
const PAGE_SIZE = 1000;

/** The timeout of a call. An operator or the set in memory waits for it, not a request. */
const TIMEOUT_MS = 2000;

type Reply = readonly unknown[];

/** Creates the source. A call that fails or times out gives `unavailable`; nothing rejects. */
export function createRedisSource(options: RedisSourceOptions): RevocationSource {
  return new RedisSource(options);
}

class RedisSource implements RevocationSource {
  readonly name: string;
  readonly mayForget = true;
  readonly #connection: RedisSourceOptions['connection'];
  readonly #keys: readonly string[];

  constructor({ connection, key, name }: RedisSourceOptions) {
    this.name = name;
    this.#connection = connection;
    this.#keys = [key, changesKeyOf(key)];
  }

  async revision(): Promise<number | 'unavailable'> {
    const reply = await this.#run(REVISION_SCRIPT);
    return reply === 'unavailable' ? 'unavailable' : Number(reply[0]);
  }

  async read(since: Position | undefined, reader: Reader): Promise<Position | 'unavailable'> {
    const found = since && (await this.#readNew(since, reader));
    if (found) return found;
    const whole = await this.#readInto(reader);
    if (whole === 'unavailable' || !since || whole.epoch === since.epoch) return whole;
    const restored = await this.#restoreLost(reader.known());
    if (restored === 'unavailable') return 'unavailable';
    return restored === 'done' ? this.#readInto(reader) : whole;
  }

  async list(): Promise<readonly Revocation[] | 'unavailable'> {
    const all = new Map<string, Revocation>();
    const read = await this.#readAll((page) => {
      for (const revocation of page) all.set(fieldOf(revocation), revocation);
    });
    return read === 'unavailable' ? 'unavailable' : [...all.values()];
  }

  async revoke(revocation: Revocation): Promise<'done' | 'unavailable'> {
    const reply = await this.#run(REVOKE_SCRIPT, ...writeEntry(revocation));
    return reply === 'unavailable' ? 'unavailable' : 'done';
  }

  async restore(issuer: string | undefined, app: string): Promise<boolean | 'unavailable'> {
    const reply = await this.#run(RESTORE_SCRIPT, fieldOf({ kind: 'app', issuer, id: app }));
    return reply === 'unavailable' ? 'unavailable' : reply[0] === 1;
  }

  async #run(script: string, ...args: (string | number)[]): Promise<Reply | 'unavailable'> {
    await this.#connection.attempted;
    return this.#connection.runScript(script, this.#keys, args, TIMEOUT_MS);
  }

  /** @returns undefined where everything has to be read */
  async #readNew(
    { revision: since, epoch }: Position,
    reader: Reader,
  ): Promise<Position | 'unavailable' | undefined> {
    if (since === undefined) return undefined;
    for (let at = since; ;) {
      const page = await this.#run(CHANGES_SCRIPT, epoch, at, PAGE_SIZE);
      if (page === 'unavailable') return 'unavailable';
      if (page.length === 0) return undefined;
      const count = (page.length - 1) / 3;
      for (let i = 1; i < page.length; i += 3) {
        const value = String(page[i + 2]);
        reader.apply(readChanges(String(page[i]), value === '' ? undefined : value));
      }
      if (count < PAGE_SIZE) return { revision: Number(page[0]), epoch };
      at = Number(page[page.length - 2]);
      await nextTick();
    }
  }

  #readInto(reader: Reader): Promise<Position | 'unavailable'> {
    reader.startOver();
    return this.#readAll((revocations) =>
      reader.apply(revocations.map((revocation) => ({ isRemoved: false, revocation }))),
    );
  }

  async #readAll(onPage: (revocations: Revocation[]) => void): Promise<Position | 'unavailable'> {
    let first: Reply | undefined;
    let cursor = '0';
    do {
      const page = await this.#run(PAGE_SCRIPT, cursor, PAGE_SIZE);
      if (page === 'unavailable') return 'unavailable';
      first ??= page;
      cursor = String(page[2]);
      const revocations: Revocation[] = [];
      for (let i = 3; i < page.length; i += 2) {
        const revocation = readEntry(String(page[i]), String(page[i + 1]));
        if (revocation) revocations.push(revocation);
      }
      onPage(revocations);
      await nextTick();
    } while (cursor !== '0');
    return { revision: Number(first[0]), epoch: String(first[1]) };
  }

  /** Writes back what Redis lost. */
  async #restoreLost(known: Iterable<Revocation>): Promise<'done' | 'nothing' | 'unavailable'> {
    let page: string[] = [];
    let isNothing = true;
    for (const revocation of known) {
      isNothing = false;
      if (page.length >= 2 * PAGE_SIZE) {
        if ((await this.#run(MERGE_SCRIPT, '', ...page)) === 'unavailable') return 'unavailable';
        page = [];
      }
      page.push(...writeEntry(revocation));
    }
    if (isNothing) return 'nothing';
    return (await this.#run(MERGE_SCRIPT, 'last', ...page)) === 'unavailable' ? 'unavailable' : 'done';
  }
}

/** The sorted set's key: the prefix is the same, for ACLs, and so is the cluster slot, since a prefix has no braces. */
function changesKeyOf(key: string): string {
  return `${key}:{${key}}`;
}
