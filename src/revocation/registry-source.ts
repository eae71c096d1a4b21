/** Revocations in the registry of the token service: there they survive whatever happens to gates and Redis. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../model/log.js';
import type { Revocation, RevocationChange, RevocationKey } from '../model/revocation.js';
import type { RevocationNotifier } from './revocation-notifier.js';
import type { Position, Reader, RevocationSource } from './source.js';

/** The registry as it is needed here. */
export interface RevocationRegistry {
  revoke(revocation: Revocation): Promise<void>;
  restore(issuer: string | undefined, app: string, atMs: number): Promise<boolean>;
  /** Those that have not ended at the time. */
  revocations(atMs: number): Promise<readonly Revocation[]>;
  /** What is new since a revision, a page at a time; undefined: that cannot be told any more. */
  revocationChanges(since: number): Promise<
    | {
        readonly changes: readonly RevocationChange[];
        readonly upTo: number;
        readonly isLast: boolean;
      }
    | undefined
  >;
  /** Those that have not ended at the time, a page at a time. */
  revocationPage(
    atMs: number,
    after: RevocationKey | undefined,
  ): Promise<{ readonly revocations: readonly Revocation[]; readonly next: RevocationKey | undefined }>;
  revision(): Promise<number>;
}

export interface RegistrySourceOptions {
  readonly registry: RevocationRegistry;
  /** Where the registry is, to tell it from others. */
  readonly name: string;
  /** Where there is a Redis: without it the others find out by asking. */
  readonly notifier: Pick<RevocationNotifier, 'publish'> | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** A database that says nothing is away: asking must not wait for it for ever. */
const PATIENT_MS = 5000;

export function createRegistrySource(options: RegistrySourceOptions): RevocationSource {
  const { registry, name, notifier, now, log } = options;
  let isFailing = false;

  async function ask<T>(question: () => Promise<T>): Promise<T | 'unavailable'> {
    try {
      const answer = await question();
      isFailing = false;
      return answer;
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'the registry does not tell of revocations');
      isFailing = true;
      return 'unavailable';
    }
  }

  /** @returns undefined where all has to be read */
  async function readChanges(since: number, reader: Reader): Promise<number | undefined> {
    // Asked before: a change without rows, such as undoing what was not revoked, is a revision too.
    const revision = await within(registry.revision(), PATIENT_MS);
    // It has gone back: the registry is another one, or was restored from a copy.
    if (revision < since) return undefined;
    for (let at = since; ;) {
      const page = await within(registry.revocationChanges(at), PATIENT_MS);
      if (!page) return undefined;
      reader.apply(page.changes);
      if (page.isLast) return Math.max(revision, page.upTo);
      at = page.upTo;
      await nextTurn();
    }
  }

  async function readAll(reader: Reader): Promise<number> {
    // Asked before: what changes while the pages are read is read as new afterwards.
    const revision = await within(registry.revision(), PATIENT_MS);
    reader.startOver();
    for (let after: RevocationKey | undefined; ;) {
      const page = await within(registry.revocationPage(now(), after), PATIENT_MS);
      reader.apply(page.revocations.map((revocation) => ({ isRemoved: false, revocation })));
      if (!page.next) return revision;
      after = page.next;
      await nextTurn();
    }
  }

  return {
    name,
    mayForget: false,
    revision: () => ask(() => within(registry.revision(), PATIENT_MS)),
    read: (since, reader) =>
      ask(async (): Promise<Position> => {
        const known = since?.revision;
        const upTo = known === undefined ? undefined : await readChanges(known, reader);
        return { revision: upTo ?? (await readAll(reader)), epoch: '' };
      }),
    list: () => ask(() => registry.revocations(now())),
    async revoke(revocation) {
      const result = await ask(() => within(registry.revoke(revocation), PATIENT_MS));
      if (result === 'unavailable') return 'unavailable';
      await notifier?.publish();
      return 'done';
    },
    async restore(issuer, app) {
      const result = await ask(() => within(registry.restore(issuer, app, now()), PATIENT_MS));
      if (result === true) await notifier?.publish();
      return result;
    },
  };
}

function within<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms);
    void work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
