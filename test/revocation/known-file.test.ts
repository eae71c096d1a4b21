import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Revocation } from '../../src/model/revocation.js';
import { createFileCache } from '../../src/revocation/known-file.js';
import { createWorkerCache, pageOf } from '../../src/revocation/known-pages.js';
import { RevokedSet } from '../../src/revocation/revoked-set.js';
import { readableLog } from '../redis/logs.js';
import { afterwards, revocation } from './support.js';

let ids = 0;

async function ownFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-known-'));
  afterwards(() => rm(folder, { recursive: true }));
  return join(folder, 'revocations');
}

function open(folder: string, { source = 'postgres://one', isWriter = true } = {}) {
  const { log, lines } = readableLog();
  const cache = createFileCache({ folder, source, isWriter, newId: () => `id-${++ids}`, log });
  return { cache, lines };
}

/** Saves a set and changes of it, as a gateway does, and closes. */
async function keep(folder: string, set: RevokedSet, ...added: Revocation[]): Promise<void> {
  const { cache } = open(folder);
  cache.save({ revoked: set, epoch: 'e1' });
  for (const each of added) {
    const changes = [{ isRemoved: false, revocation: each } as const];
    set.apply(changes);
    cache.append(changes);
  }
  await cache.close();
}

async function loadIds(folder: string, options = {}): Promise<string[] | undefined> {
  const known = await open(folder, options).cache.load();
  return known && [...known.revoked.rows()].map(({ id }) => id).sort();
}

const fileOf = async (folder: string) => join(folder, (await readdir(folder))[0]!);

describe('the last known set on disk', () => {
  it('is complete in another process, with its epoch and all fields of each revocation', async () => {
    const folder = await ownFolder();
    const all = [
      revocation(),
      revocation({ issuer: undefined, id: 'everywhere' }),
      revocation({ kind: 'family', id: 'login', endsAtMs: 1_700_000_060_000 }),
      revocation({ id: 'ada', cause: 'deleted', generation: 3 }),
      revocation({ id: 'old', cause: 'deleted', issuedBeforeMs: 5 }),
    ];
    await keep(folder, new RevokedSet(all));
    const known = (await open(folder).cache.load())!;
    expect(known.epoch).toBe('e1');
    const rows = [...known.revoked.rows()];
    expect(rows).toHaveLength(all.length);
    for (const each of all) expect(rows).toContainEqual(each);
    expect((await stat(await fileOf(folder))).mode & 0o777).toBe(0o600);
  });

  it('gets changes appended within about half a second, and none is written as a whole set', async () => {
    const folder = await ownFolder();
    const { cache } = open(folder);
    const set = new RevokedSet([revocation()]);
    cache.save({ revoked: set, epoch: '' });
    await expect.poll(() => loadIds(folder), { timeout: 3000 }).toEqual(['app-1']);
    const { ino } = await stat(await fileOf(folder));
    cache.append([
      { isRemoved: false, revocation: revocation({ id: 'b' }) },
      { isRemoved: true, revocation: revocation() },
    ]);
    await expect.poll(() => loadIds(folder), { timeout: 3000 }).toEqual(['b']);
    expect((await stat(await fileOf(folder))).ino).toBe(ino);
    await cache.close();
  });

  it('is rewritten when the changes outgrow the set, and loses none that come meanwhile', async () => {
    const folder = await ownFolder();
    const { cache } = open(folder);
    const set = new RevokedSet();
    cache.save({ revoked: set, epoch: '' });
    const add = (id: string) => {
      const changes = [{ isRemoved: false, revocation: revocation({ id }) } as const];
      set.apply(changes);
      cache.append(changes);
    };
    for (let i = 0; i < 12_000; i++) add(`a${i}`);
    for (let round = 0; round < 40; round++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      add(`b${round}`);
    }
    await cache.close();
    expect(await loadIds(folder)).toHaveLength(12_040);
  });

  it('is used for its own source only', async () => {
    const folder = await ownFolder();
    await keep(folder, new RevokedSet([revocation()]));
    expect(await loadIds(folder, { source: 'postgres://other' })).toBeUndefined();
    expect(await loadIds(folder)).toEqual(['app-1']);
  });

  it('is written by one worker of several, and read by all', async () => {
    const folder = await ownFolder();
    const { cache } = open(folder, { isWriter: false });
    cache.save({ revoked: new RevokedSet([revocation()]), epoch: '' });
    await cache.close();
    expect(await loadIds(folder)).toBeUndefined();
    await keep(folder, new RevokedSet([revocation()]));
    expect(await loadIds(folder, { isWriter: false })).toEqual(['app-1']);
  });

  it('is accepted with an incomplete last line, and rejected with damage anywhere before it', async () => {
    const folder = await ownFolder();
    await keep(folder, new RevokedSet([revocation(), revocation({ id: 'b' })]));
    const file = await fileOf(folder);
    const text = await readFile(file, 'utf8');
    await writeFile(file, `${text}["+","app","proj`);
    expect(await loadIds(folder)).toEqual(['app-1', 'b']);
    for (const bad of [text.replace('"app"', '"ap"'), text.slice(5), '', `${text}\n`, '5\n']) {
      await writeFile(file, bad);
      const { cache, lines } = open(folder);
      expect(await cache.load()).toBeUndefined();
      expect(lines).toHaveLength(1);
    }
  });

  it('causes only one line in the log if the folder cannot be written', async () => {
    const folder = await ownFolder();
    await writeFile(folder, 'a file');
    const { cache, lines } = open(folder);
    cache.save({ revoked: new RevokedSet(), epoch: '' });
    await cache.close();
    expect(lines).toEqual(['revocations cannot be written to disk']);
    await chmod(folder, 0o600);
  });
});

describe('the last known set of another worker', () => {
  it('is transferred in pages, and the disk is read if no worker has one', async () => {
    const folder = await ownFolder();
    await keep(folder, new RevokedSet([revocation({ id: 'from disk' })]));
    const all = Array.from({ length: 9000 }, (_, i) => revocation({ kind: 'token', id: `jti-${i}` }));
    const known = { revoked: new RevokedSet([...all, revocation()]), epoch: 'e2' };
    let pages = 0;
    const file = open(folder).cache;
    const heard = await createWorkerCache((from) => {
      pages += 1;
      return Promise.resolve(pageOf(known, from));
    }, file).load();
    expect([heard?.epoch, heard?.revoked.size]).toEqual(['e2', 9001]);
    expect(pages).toBeGreaterThan(2);
    for (const ask of [() => Promise.resolve(undefined), () => Promise.reject(new Error('it has ended'))]) {
      const other = await createWorkerCache(ask, file).load();
      expect([...other!.revoked.rows()].map(({ id }) => id)).toEqual(['from disk']);
    }
    expect(await createWorkerCache(() => Promise.resolve(undefined), undefined).load()).toBeUndefined();
  });
});
