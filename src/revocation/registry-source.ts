/** The revocation source in the token service's registry, where revocations survive failures of gateways and Redis. */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Log } from '../model/log.js';
import type { Revocation, RevocationChange, RevocationKey } from '../model/revocation.js';
import type { RevocationNotifier } from './revocation-notifier.js';
import type { Position, Reader, RevocationSource } from './source.js';

/** The part of the registry that this source uses. */
export interface RevocationRegistry {
  revoke(revocation: Revocation): Promise<void>;
  restore(issuer: string | undefined, app: string, atMs: number): Promise<boolean>;
  /** The revocations that have not ended at `atMs`. */
  revocations(atMs: number): Promise<readonly Revocation[]>;
  /** The changes since a revision, one page; undefined where they are no longer known. */
  revocationChanges(since: number): Promise<
    | {
        readonly changes: readonly RevocationChange[];
        readonly upTo: number;
        readonly isLast: boolean;
      }
    | undefined
  >;
  /** The revocations that have not ended at `atMs`, one page. */
  revocationPage(
    atMs: number,
    after: RevocationKey | undefined,
  ): Promise<{ readonly revocations: readonly Revocation[]; readonly next: RevocationKey | undefined }>;
  revision(): Promise<number>;
}

export interface RegistrySourceOptions {
  readonly registry: RevocationRegistry;
  /** The address of the registry, which identifies it. */
  readonly name: string;
  /** Notifies the other gateways, where there is a Redis. Without it they find changes by polling. */
  readonly notifier: Pick<RevocationNotifier, 'publish'> | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** A database that does not reply within this time counts as unavailable. */
const TIMEOUT_MS = 5000;

/** Creates the source. An error or a timeout is logged once and gives `unavailable`; nothing rejects. */
export function createRegistrySource(options: RegistrySourceOptions): RevocationSource {
  const { registry, name, notifier, now, log } = options;
  let isFailing = false;

  async function execute<T>(query: () => Promise<T>): Promise<T | 'unavailable'> {
    try {
      const result = await query();
      isFailing = false;
      return result;
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'a revocation call to the registry failed');
      isFailing = true;
      return 'unavailable';
    }
  }

  /** @returns undefined where everything has to be read */
  async function readChanges(since: number, reader: Reader): Promise<number | undefined> {
    // Read first: a change without rows, such as undoing what was not revoked, has a revision too.
    const revision = await within(registry.revision(), TIMEOUT_MS);
    // A lower revision: the registry is another one, or was restored from a backup.
    if (revision < since) return undefined;
    for (let at = since; ;) {
      const page = await within(registry.revocationChanges(at), TIMEOUT_MS);
      if (!page) return undefined;
      reader.apply(page.changes);
      if (page.isLast) return Math.max(revision, page.upTo);
      at = page.upTo;
      await nextTick();
    }
  }

  async function readAll(reader: Reader): Promise<number> {
    // Read first: changes made while the pages are read are read again afterwards.
    const revision = await within(registry.revision(), TIMEOUT_MS);
    reader.startOver();
    for (let after: RevocationKey | undefined; ;) {
      const page = await within(registry.revocationPage(now(), after), TIMEOUT_MS);
      reader.apply(page.revocations.map((revocation) => ({ isRemoved: false, revocation })));
      if (!page.next) return revision;
      after = page.next;
      await nextTick();
    }
  }

  return {
    name,
    mayForget: false,
    revision: () => execute(() => within(registry.revision(), TIMEOUT_MS)),
    read: (since, reader) =>
      execute(async (): Promise<Position> => {
        const known = since?.revision;
        const upTo = known === undefined ? undefined : await readChanges(known, reader);
        return { revision: upTo ?? (await readAll(reader)), epoch: '' };
      }),
    list: () => execute(() => registry.revocations(now())),
    async revoke(revocation) {
      const result = await execute(() => within(registry.revoke(revocation), TIMEOUT_MS));
      if (result === 'unavailable') return 'unavailable';
      await notifier?.publish();
      return 'done';
    },
    async restore(issuer, app) {
      const result = await execute(() => within(registry.restore(issuer, app, now()), TIMEOUT_MS));
      if (result === true) await notifier?.publish();
      return result;
    },
  };
}

function within<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no reply in ${ms} ms`)), ms);
    void work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
