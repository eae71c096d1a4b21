/**
 * Shared by the tests of an issuer's keys over time: fake timers and a fake clock, real sockets, one real
 * issuer.
 */
import { afterEach, beforeEach, vi } from 'vitest';
import { createKeySet, type FetchResult, type KeySet } from '../../src/authenticate/key-set.js';
import type { Issuer } from '../../src/model/issuer.js';
import type { Log } from '../../src/model/log.js';
import { createSigningKey, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { SILENT } from './support.js';

export const MAX_AGE_MS = 600_000;
export const MAX_STALE_MS = 86_400_000;

const KEY = createSigningKey();

/** New for each test. */
export let issuer: TestIssuer;
/** The result of each fetch. */
export let results: FetchResult[];
/** Closed after the test. */
export let open: KeySet[];

/** setImmediate stays real, since sockets need it. */
export function useFakeTime(): void {
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    issuer = await createTestIssuer({ key: KEY });
    results = [];
    open = [];
  });

  afterEach(async () => {
    for (const keySet of open) keySet.close();
    vi.useRealTimers();
    await issuer.close();
  });
}

export function openKeySet(model: Issuer = issuer.model(), log: Log = SILENT): KeySet {
  const keySet = createKeySet(model, {
    now: Date.now,
    log,
    maxAgeMs: MAX_AGE_MS,
    maxStaleMs: MAX_STALE_MS,
    onFetch: (result) => results.push(result),
  });
  open.push(keySet);
  return keySet;
}

export async function until(condition: () => boolean): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > 10_000) throw new Error('it never came to pass');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export const read = (count: number) => until(() => results.length >= count);

/** Lets real sockets finish what they have begun. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export const find = async (keySet: KeySet, kid = issuer.key.kid): Promise<string> => {
  const found = await keySet.find(kid, 'RS256');
  return typeof found === 'string' ? found : 'found';
};
