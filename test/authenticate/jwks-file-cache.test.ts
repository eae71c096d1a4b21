import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createJwksFileCaches } from '../../src/authenticate/jwks-file-cache.js';
import { createKeySet, type KeySet } from '../../src/authenticate/key-set.js';
import type { Issuer } from '../../src/model/issuer.js';
import type { Log } from '../../src/model/log.js';
import {
  find,
  issuer,
  MAX_AGE_MS,
  MAX_STALE_MS,
  open,
  quiet,
  read,
  results,
  until,
  useFakeTime,
} from './fake-time.js';
import { SILENT } from './support.js';

useFakeTime();

let folder: string;
let warnings: { readonly reason?: string; readonly file?: string }[];
let ids = 0;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'tollgate-key-cache-')), 'jwks');
  warnings = [];
});

afterEach(() => rm(join(folder, '..'), { recursive: true, maxRetries: 5 }));

/** A key set as another process of the gateway would have it. */
function start(model: Issuer = issuer.model(), into = folder): KeySet {
  const mine = warnings;
  const log: Log = { ...SILENT, warn: (fields) => mine.push(fields) };
  const cache = createJwksFileCaches(into, {
    now: Date.now,
    newId: () => String(++ids),
    log,
    maxStaleMs: MAX_STALE_MS,
  });
  const keySet = createKeySet(model, {
    now: Date.now,
    // Logs of fetches are not tested here.
    log: SILENT,
    maxAgeMs: MAX_AGE_MS,
    maxStaleMs: MAX_STALE_MS,
    onFetch: (result) => results.push(result),
    cache,
  });
  open.push(keySet);
  return keySet;
}

const files = () => readdir(folder).catch(() => []);
async function fileOf(): Promise<string> {
  // A temporary file that is still being written may be beside it.
  const name = (await files()).find((each) => each.endsWith('.json'));
  return join(folder, name ?? 'nothing was kept');
}

async function kept(): Promise<Record<string, unknown> & { keys: Record<string, unknown>[] }> {
  return JSON.parse(await readFile(await fileOf(), 'utf8')) as Awaited<ReturnType<typeof kept>>;
}

/** Waits for the disk, which needs real time. */
async function untilOnDisk(condition: () => Promise<boolean>): Promise<void> {
  const begun = performance.now();
  while (performance.now() - begun < 5000) {
    if (await condition()) return;
    await quiet();
  }
  expect.unreachable('it was never on disk');
}

function untilKept(condition: (content: Awaited<ReturnType<typeof kept>>) => boolean): Promise<void> {
  return untilOnDisk(() => kept().then(condition, () => false));
}

/** A gateway that has fetched its keys and stopped. */
async function runBefore(model?: Issuer): Promise<void> {
  const keySet = start(model);
  expect(await find(keySet)).toBe('found');
  await untilKept(() => true);
  keySet.close();
}

describe('Keys on disk', () => {
  it('are used at once after a start while the issuer hangs, and are replaced by fetched ones', async () => {
    await runBefore();
    const { kid } = issuer.key;
    issuer.hang();
    const keySet = start();
    expect(await find(keySet, kid)).toBe('found');
    expect(results).toEqual(['ok']);
    expect(keySet.readAtMs()).toBe((await kept())['fetchedAt']);
    issuer.heal();
    issuer.rotate({ keepOld: false });
    vi.advanceTimersByTime(5_000);
    await read(2);
    vi.advanceTimersByTime(1_000);
    await read(3);
    expect(await find(keySet)).toBe('found');
    expect(await find(keySet, kid)).toBe('unknown');
    await untilKept(({ keys }) => keys.length === 1 && keys[0]?.['kid'] === issuer.key.kid);
  });

  it('never replace keys that were fetched before the disk read ends', async () => {
    await runBefore();
    const { kid } = issuer.key;
    issuer.rotate({ keepOld: false });
    const keySet = start();
    await read(2);
    await quiet();
    expect(await find(keySet)).toBe('found');
    expect(await find(keySet, kid)).toBe('unknown');
  });

  it('keep the same key set when the issuer has the same keys, so that no token is verified twice', async () => {
    await runBefore();
    issuer.breakWith(500);
    const keySet = start();
    expect(await find(keySet)).toBe('found');
    const ring = keySet.current();
    await read(2);
    issuer.heal();
    vi.advanceTimersByTime(1_000);
    await read(3);
    expect(results).toEqual(['ok', 'failed', 'ok']);
    expect(keySet.current()).toBe(ring);
  });

  it('are used no longer than they would be in the process that fetched them', async () => {
    await runBefore();
    issuer.breakWith(500);
    vi.setSystemTime(Date.now() + MAX_STALE_MS);
    const keySet = start();
    expect(await find(keySet)).toBe('found');
    vi.setSystemTime(Date.now() + 1);
    expect(await find(keySet)).toBe('unavailable');
    expect(await find(start())).toBe('unavailable');
    expect(warnings).toEqual([]);
  });

  it('are only the usable public ones, in a private file and folder', async () => {
    const { privateKey, jwk } = issuer.key;
    issuer.jwks.keys.push(
      { ...privateKey.export({ format: 'jwk' }), kid: 'private' },
      { ...jwk, kid: 'encrypts', use: 'enc' },
      { ...jwk, kid: 'with-more', x5c: ['canary'], note: 'canary' },
    );
    await runBefore();
    const content = await kept();
    expect(Object.keys(content)).toEqual(['version', 'issuer', 'source', 'fetchedAt', 'keys']);
    expect(content.keys.map(({ kid }) => kid)).toEqual([issuer.key.kid, 'with-more']);
    for (const key of content.keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    }
    expect((await stat(await fileOf())).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it('reveal no secret of the URL, and are ignored once the source changes', async () => {
    const at = (url: string) => issuer.model({ keys: { kind: 'url', url } });
    await runBefore(at(issuer.jwksUrl));
    expect(await readFile(await fileOf(), 'utf8')).not.toContain('/jwks');
    issuer.breakWith(500);
    expect(await find(start(at(`${issuer.jwksUrl}?other`)))).toBe('unavailable');
    expect(await find(start(issuer.model({ name: 'other' })))).toBe('unavailable');
    expect(await find(start())).toBe('found');
    expect(warnings).toEqual([]);
  });

  it('of an issuer that had no key left are not used: its tokens wait', async () => {
    await runBefore();
    issuer.jwks.keys.length = 0;
    const keySet = start();
    await read(2);
    expect(await find(keySet)).toBe('unknown');
    await untilKept(({ keys }) => keys.length === 0);
    issuer.breakWith(500);
    expect(await find(start())).toBe('unavailable');
  });

  it('are not written for keys of a file or of the configuration', async () => {
    start(issuer.model({ keys: { kind: 'inline', jwks: issuer.jwks } }));
    await read(1);
    await quiet();
    expect(await files()).toEqual([]);
  });
});

describe('The file on disk', () => {
  it('is written when keys change or its time has aged by a tenth of jwks_max_stale, not at each fetch', async () => {
    const begun = Date.now();
    start();
    await read(1);
    await untilKept(() => true);
    for (let reading = 2; Date.now() - begun < MAX_STALE_MS / 10; reading++) {
      expect((await kept())['fetchedAt']).toBe(begun);
      vi.advanceTimersToNextTimer();
      await read(reading);
      await quiet();
    }
    await untilKept(({ fetchedAt }) => Number(fetchedAt) - begun >= MAX_STALE_MS / 10);
    expect(await files()).toHaveLength(1);
  });

  it('is one complete set, whichever of several processes wrote last', async () => {
    const keySets = Array.from({ length: 8 }, () => start());
    await read(8);
    await untilKept(() => true);
    issuer.rotate();
    await Promise.all(keySets.map((keySet) => find(keySet)));
    await untilKept(({ keys }) => keys.length === 2);
    await quiet();
    issuer.breakWith(500);
    expect(await find(start())).toBe('found');
    await untilOnDisk(async () => (await files()).every((name) => name.endsWith('.json')));
    expect(warnings).toEqual([]);
  });

  it.each<[string, string, (path: string) => Promise<unknown>]>([
    [
      'cut short',
      'is not JSON',
      (path) => readFile(path).then((all) => writeFile(path, all.subarray(0, 99))),
    ],
    ['empty', 'is not JSON', (path) => writeFile(path, '')],
    ['no object', 'is no set of keys', (path) => writeFile(path, 'null')],
    ['of a later version', 'is of another version', (path) => change(path, { version: 2 })],
    ['of another source', 'is of another source', (path) => change(path, { source: 'x' })],
    ['from the future', 'is dated in the future', (path) => change(path, { fetchedAt: Date.now() + 1 })],
    ['without a time', 'is no set of keys', (path) => change(path, { fetchedAt: null })],
    ['without keys', 'is no set of keys', (path) => change(path, { keys: {} })],
    ['huge', 'is too large', (path) => writeFile(path, ' '.repeat(4 * 1024 * 1024 + 1))],
    ['a folder', 'is no file', (path) => rm(path).then(() => symlink('/', path))],
    ['a circle', 'ELOOP', (path) => rm(path).then(() => symlink(path, path))],
  ])('is ignored with one warning if it is %s', async (_what, reason, spoil) => {
    await runBefore();
    await spoil(await fileOf());
    issuer.breakWith(500);
    const keySet = start();
    expect(await find(keySet)).toBe('unavailable');
    expect(await find(keySet)).toBe('unavailable');
    expect(warnings).toMatchObject([{ issuer: 'test-issuer', reason }]);
    issuer.heal();
    vi.advanceTimersByTime(1_000);
    await until(() => results.filter((result) => result === 'ok').length === 2);
    expect(await find(keySet)).toBe('found');
  });

  it('causes one warning if its folder cannot be written, for any number of fetches', async () => {
    const file = join(folder, '..', 'no-folder');
    await writeFile(file, '');
    const keySet = start(undefined, join(file, 'jwks'));
    expect(await find(keySet)).toBe('found');
    issuer.rotate();
    expect(await find(keySet)).toBe('found');
    await until(() => warnings.length >= 2);
    await quiet();
    // The first is of the fetch at the start.
    expect(warnings.map(({ reason }) => reason)).toEqual(['ENOTDIR', 'ENOTDIR']);
  });

  it('is written as soon as the folder can be written', async () => {
    await writeFile(folder, '');
    start();
    await read(1);
    await until(() => warnings.length === 2);
    await rm(folder);
    vi.advanceTimersToNextTimer();
    await read(2);
    await untilKept(() => true);
  });
});

async function change(path: string, changes: object): Promise<void> {
  await writeFile(path, JSON.stringify({ ...(await kept()), ...changes }));
}
