/**
 * Revocations in Redis, where a gate has that and no database.
 *
 * Redis may lose what it holds: one without persistence at each restart. Then every gate puts back what it remembers, in
 * memory or on disk, so only a restart of Redis and of gates without a disk together forgets. One that was undone just
 * then may come back: it is refused until it is undone once more, never let through by mistake.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Revocation } from '../model/revocation.js';
import type { ScriptRunner } from './revocation-notifier.js';
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
  readonly connection: ScriptRunner & {
    /** Settles when it is known whether Redis is there: before, it is not yet away. */
    readonly attempted: Promise<void>;
  };
  /** Of the hash. */
  readonly key: string;
  /** Where Redis is, to tell it from others. */
  readonly name: string;
}

/** How many revocations go in one call: some milliseconds of Redis's time at most. */
const PAGE = 1000;

/** For what no request waits for, but an operator or the set in memory. */
const PATIENT_MS = 2000;

type Reply = readonly unknown[];

export function createRedisSource({ connection, key, name }: RedisSourceOptions): RevocationSource {
  const keys = [key, changesKeyOf(key)];

  async function run(script: string, ...args: (string | number)[]): Promise<Reply | 'unavailable'> {
    await connection.attempted;
    return connection.runScript(script, keys, args, PATIENT_MS);
  }

  /** @returns undefined where all has to be read */
  async function readNew(
    { revision: since, epoch }: Position,
    reader: Reader,
  ): Promise<Position | 'unavailable' | undefined> {
    if (since === undefined) return undefined;
    for (let at = since; ;) {
      const page = await run(CHANGES_SCRIPT, epoch, at, PAGE);
      if (page === 'unavailable') return 'unavailable';
      if (page.length === 0) return undefined;
      const count = (page.length - 1) / 3;
      for (let i = 1; i < page.length; i += 3) {
        const value = String(page[i + 2]);
        reader.apply(readChanges(String(page[i]), value === '' ? undefined : value));
      }
      if (count < PAGE) return { revision: Number(page[0]), epoch };
      at = Number(page[page.length - 2]);
      await nextTurn();
    }
  }

  async function readAll(onPage: (revocations: Revocation[]) => void): Promise<Position | 'unavailable'> {
    let first: Reply | undefined;
    let cursor = '0';
    do {
      const page = await run(PAGE_SCRIPT, cursor, PAGE);
      if (page === 'unavailable') return 'unavailable';
      first ??= page;
      cursor = String(page[2]);
      const revocations: Revocation[] = [];
      for (let i = 3; i < page.length; i += 2) {
        const revocation = readEntry(String(page[i]), String(page[i + 1]));
        if (revocation) revocations.push(revocation);
      }
      onPage(revocations);
      await nextTurn();
    } while (cursor !== '0');
    return { revision: Number(first[0]), epoch: String(first[1]) };
  }

  /** Tells Redis again what it has lost. */
  async function putBack(known: Iterable<Revocation>): Promise<'done' | 'nothing' | 'unavailable'> {
    let page: string[] = [];
    let isNothing = true;
    for (const revocation of known) {
      isNothing = false;
      if (page.length >= 2 * PAGE) {
        if ((await run(MERGE_SCRIPT, '', ...page)) === 'unavailable') return 'unavailable';
        page = [];
      }
      page.push(...writeEntry(revocation));
    }
    if (isNothing) return 'nothing';
    return (await run(MERGE_SCRIPT, 'last', ...page)) === 'unavailable' ? 'unavailable' : 'done';
  }

  function readInto(reader: Reader): Promise<Position | 'unavailable'> {
    reader.startOver();
    return readAll((revocations) =>
      reader.apply(revocations.map((revocation) => ({ isRemoved: false, revocation }))),
    );
  }

  return {
    name,
    mayForget: true,
    async read(since, reader) {
      const found = since && (await readNew(since, reader));
      if (found) return found;
      const whole = await readInto(reader);
      if (whole === 'unavailable' || !since || whole.epoch === since.epoch) return whole;
      const put = await putBack(reader.known());
      if (put === 'unavailable') return 'unavailable';
      return put === 'done' ? readInto(reader) : whole;
    },
    async revision() {
      const reply = await run(REVISION_SCRIPT);
      return reply === 'unavailable' ? 'unavailable' : Number(reply[0]);
    },
    async list() {
      const all = new Map<string, Revocation>();
      const read = await readAll((page) => {
        for (const revocation of page) all.set(fieldOf(revocation), revocation);
      });
      return read === 'unavailable' ? 'unavailable' : [...all.values()];
    },
    async revoke(revocation) {
      const reply = await run(REVOKE_SCRIPT, ...writeEntry(revocation));
      return reply === 'unavailable' ? 'unavailable' : 'done';
    },
    async restore(issuer, app) {
      const reply = await run(RESTORE_SCRIPT, fieldOf({ kind: 'app', issuer, id: app }));
      return reply === 'unavailable' ? 'unavailable' : reply[0] === 1;
    },
  };
}

/** A key beside the hash: with the same prefix, for ACLs, and of the same slot of a cluster, since a prefix has no braces. */
function changesKeyOf(key: string): string {
  return `${key}:{${key}}`;
}
