/** Revocations in the registry of the token service: there they survive whatever happens to gates and Redis. */
import type { Log } from '../model/log.js';
import type { Revocation } from '../model/revocation.js';
import type { Bell } from './bell.js';
import type { RevocationSource } from './source.js';

/** The registry as it is needed here. */
export interface RevocationRegistry {
  revoke(revocation: Revocation): Promise<void>;
  restore(issuer: string | undefined, app: string): Promise<boolean>;
  /** Those that have not ended at the time. */
  revocations(atMs: number): Promise<readonly Revocation[]>;
  revision(): Promise<number>;
}

export interface RegistrySourceOptions {
  readonly registry: RevocationRegistry;
  /** Where there is a Redis: without it the others find out by asking. */
  readonly bell: Pick<Bell, 'ring'> | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** A database that says nothing is away: asking must not wait for it for ever. */
const PATIENT_MS = 5000;

export function createRegistrySource({ registry, bell, now, log }: RegistrySourceOptions): RevocationSource {
  let isFailing = false;

  async function ask<T>(question: () => Promise<T>): Promise<T | 'away'> {
    try {
      const answer = await within(question(), PATIENT_MS);
      isFailing = false;
      return answer;
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'the registry does not tell of revocations');
      isFailing = true;
      return 'away';
    }
  }

  return {
    isRequired: true,
    revision: () => ask(() => registry.revision()),
    read: () =>
      ask(async () => {
        const revision = await registry.revision();
        return { revision, revocations: await registry.revocations(now()) };
      }),
    async revoke(revocation) {
      const result = await ask(() => registry.revoke(revocation));
      if (result === 'away') return 'away';
      await bell?.ring();
      return 'done';
    },
    async restore(issuer, app) {
      const result = await ask(() => registry.restore(issuer, app));
      if (result === true) await bell?.ring();
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
