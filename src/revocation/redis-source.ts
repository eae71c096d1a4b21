/**
 * Revocations in Redis, where a gate has that and no database.
 *
 * Redis may lose what it holds: one without persistence at each restart. Then every gate puts back what it remembers, so
 * only a restart of Redis and of all gates together forgets. One that was undone just then may come back:
 * it is refused until it is undone once more, never let through by mistake.
 */
import type { ScriptRunner } from './bell.js';
import { fieldOf, readEntry, writeEntry } from './redis-entry.js';
import {
  MERGE_SCRIPT,
  PAGE_SCRIPT,
  RESTORE_SCRIPT,
  REVISION_SCRIPT,
  REVOKE_SCRIPT,
} from './redis-scripts.js';
import type { RevocationSource, Snapshot } from './source.js';

export interface RedisSourceOptions {
  readonly connection: ScriptRunner & {
    /** Settles when it is known whether Redis is there: before, it is not yet away. */
    readonly attempted: Promise<void>;
  };
  /** Of the hash. */
  readonly key: string;
}

/** How many revocations go in one call: a millisecond of Redis's time at most. */
const PAGE = 1000;

/** For what no request waits for, but an operator or the set in memory. */
const PATIENT_MS = 2000;

/** The hash as it was read. */
interface Contents {
  readonly revision: number;
  readonly epoch: string;
  readonly entries: ReadonlyMap<string, string>;
}

export function createRedisSource({ connection, key }: RedisSourceOptions): RevocationSource {
  let last: Contents | undefined;

  async function run(script: string, ...args: (string | number)[]): Promise<readonly unknown[] | 'away'> {
    await connection.attempted;
    return connection.runScript(script, [key], args, PATIENT_MS);
  }

  async function readAll(): Promise<Contents | 'away'> {
    const entries = new Map<string, string>();
    let first: readonly unknown[] | undefined;
    let cursor: unknown = '0';
    do {
      const page = await run(PAGE_SCRIPT, String(cursor), PAGE);
      if (page === 'away') return 'away';
      first ??= page;
      cursor = page[2];
      for (let i = 3; i < page.length; i += 2) entries.set(String(page[i]), String(page[i + 1]));
    } while (cursor !== '0');
    return { revision: Number(first[0]), epoch: String(first[1]), entries };
  }

  async function putBack(entries: readonly (readonly [string, string])[]): Promise<'done' | 'away'> {
    for (let from = 0; from < entries.length; from += PAGE) {
      const isLast = from + PAGE >= entries.length;
      const page = entries.slice(from, from + PAGE).flat();
      if ((await run(MERGE_SCRIPT, isLast ? 'last' : '', ...page)) === 'away') return 'away';
    }
    return 'done';
  }

  async function read(): Promise<Snapshot | 'away'> {
    let contents = await readAll();
    if (contents === 'away') return 'away';
    if (last && contents.epoch !== last.epoch) {
      const held = [...last.entries].filter(([field]) => field.startsWith('['));
      if (held.length > 0) {
        if ((await putBack(held)) === 'away') return 'away';
        contents = await readAll();
        if (contents === 'away') return 'away';
      }
    }
    last = contents;
    const revocations = [...contents.entries].flatMap(([field, value]) => readEntry(field, value) ?? []);
    return { revision: contents.revision, revocations };
  }

  return {
    isRequired: false,
    read,
    async revision() {
      const reply = await run(REVISION_SCRIPT);
      return reply === 'away' ? 'away' : Number(reply[0]);
    },
    async revoke(revocation) {
      const reply = await run(REVOKE_SCRIPT, ...writeEntry(revocation));
      return reply === 'away' ? 'away' : 'done';
    },
    async restore(issuer, app) {
      const reply = await run(RESTORE_SCRIPT, fieldOf({ kind: 'app', issuer, id: app }));
      return reply === 'away' ? 'away' : reply[0] === 1;
    },
  };
}
