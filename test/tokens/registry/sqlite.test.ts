import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRegistry } from '../../../src/tokens/registry/open.js';
import { describeRegistry } from '../../contract/registry.js';
import { app } from '../../contract/registry/samples.js';
import { SILENT } from '../../redis/logs.js';
import { openingAt } from './places.js';

const newFolder = () => mkdtemp(join(tmpdir(), 'tollgate-registry-'));

describeRegistry('SQLite', async () => {
  const folder = await newFolder();
  const path = join(folder, 'tollgate.db');
  return openingAt({ kind: 'sqlite', path }, () => rm(folder, { recursive: true, force: true }));
});

describe("SQLite's file", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await newFolder();
    path = join(folder, 'data', 'inner', 'tollgate.db');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const open = (log = SILENT, timeoutMs?: number) =>
    openRegistry({ kind: 'sqlite', path }, { log, ...(timeoutMs !== undefined && { timeoutMs }) });
  const modeOf = async (file: string) => (await stat(file)).mode & 0o777;

  it('has the newest 100,000 administrative changes at most', async () => {
    const registry = await open();
    const db = new DatabaseSync(path);
    db.exec(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 100010)
      insert into audit (id, at_ms, action, actor) select 'id' || i, 1000 + i, 'signed_in', 'x' from n`);
    await registry.deleteExpired(5000);
    const { count, first } = db.prepare('select count(*) as count, min(at_ms) as first from audit').get() as {
      count: number;
      first: number;
    };
    db.close();
    await registry.close();
    expect([count, first]).toEqual([100_000, 1011]);
  });

  it('and its folder can be opened by their owner only', async () => {
    const registry = await open();
    await registry.createApp(app());
    const files = await readdir(join(path, '..'));
    expect(files.sort()).toEqual(['tollgate.db', 'tollgate.db-shm', 'tollgate.db-wal']);
    for (const file of files) expect(await modeOf(join(path, '..', file))).toBe(0o600);
    expect(await modeOf(join(folder, 'data'))).toBe(0o700);
    expect(await modeOf(join(folder, 'data', 'inner'))).toBe(0o700);
    await registry.close();
  });

  it('is used unchanged if others can open it, with a warning', async () => {
    const warnings: [object, string][] = [];
    const log = {
      ...SILENT,
      warn: (fields: object, message: string) => void warnings.push([fields, message]),
    };
    await (await open(log)).close();
    expect(warnings).toEqual([]);
    await chmod(path, 0o640);
    await (await open(log)).close();
    expect(warnings).toEqual([
      [{ path }, "the registry's file can be opened by other users of this machine"],
    ]);
    expect(await modeOf(path)).toBe(0o640);
  });

  it('has a write-ahead log, so that readers and the writer do not wait for each other', async () => {
    const registry = await open();
    const other = new DatabaseSync(path);
    expect(other.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    other.close();
    await registry.close();
  });

  it('that is no database is refused and left unchanged', async () => {
    path = join(folder, 'notes.txt');
    await writeFile(path, 'not a database, but long enough to have a header of its own'.repeat(10));
    await expect(open()).rejects.toThrow('the registry cannot be opened: file is not a database');
  });

  it('in a folder that cannot be created is refused', async () => {
    await writeFile(join(folder, 'data'), '');
    await expect(open()).rejects.toThrow(/ENOTDIR|EEXIST/);
  });

  it('locked by another process is waited for without blocking the event loop, up to a timeout', async () => {
    const registry = await open(SILENT, 60);
    const other = new DatabaseSync(path);
    const lock = () => other.exec('BEGIN IMMEDIATE');
    const unlock = () => other.exec('ROLLBACK');

    lock();
    const one = app();
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
      if (turns === 10) unlock();
    }, 1);
    await registry.createApp(one);
    clearInterval(timer);
    expect(turns).toBeGreaterThanOrEqual(10);

    lock();
    // A reader does not wait.
    expect(await registry.findApp(one.key)).toEqual(one);
    await expect(registry.deleteApp(one.key, 1, [])).rejects.toThrow('database is locked');
    unlock();
    expect(await registry.deleteApp(one.key, 1, [])).toBe(true);
    other.close();
    await registry.close();
  });
});
