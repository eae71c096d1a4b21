/** Watched files: every kind of content change is detected, once, and nothing else. */
import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchFiles, type WatchedFiles } from '../../src/app/watch-files.js';

const EVERY_MS = 500;

let folder: string;
let file: string;
let changes: number;
let watched: WatchedFiles;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-watch-'));
  file = join(folder, 'gateway.yaml');
  await writeFile(file, 'one');
  vi.useFakeTimers();
  changes = 0;
  watched = watchFiles(() => (changes += 1), EVERY_MS);
  watched.watch([file]);
});

afterEach(async () => {
  watched.close();
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

function looks(count: number): number {
  vi.advanceTimersByTime(count * EVERY_MS);
  return changes;
}

describe('a watched file', () => {
  it('that stays unchanged reports nothing', () => {
    expect(looks(10)).toBe(0);
  });

  it.each([
    ['is written in place', () => writeFile(file, 'two')],
    ['gets another content of the same length', () => writeFile(file, 'eno')],
    [
      'is replaced by a rename, as editors do',
      async () => {
        await writeFile(`${file}~`, 'one');
        await rename(`${file}~`, file);
      },
    ],
    ['is removed', () => rm(file)],
    ['is touched', () => utimes(file, 1, 1)],
  ])('that %s reports it once, when it has been unchanged for one check', async (_how, change) => {
    expect(looks(2)).toBe(0);
    await change();
    expect(looks(1)).toBe(0);
    expect(looks(1)).toBe(1);
    expect(looks(10)).toBe(1);
  });

  it('that is still being written is waited for', async () => {
    for (let i = 0; i < 5; i++) {
      await writeFile(file, 'half'.repeat(i + 2));
      expect(looks(1)).toBe(0);
    }
    expect(looks(1)).toBe(1);
  });

  it('is followed through the links of a ConfigMap, which are swapped in one step', async () => {
    for (const version of ['1', '2']) {
      await mkdir(join(folder, `..${version}`));
      await writeFile(join(folder, `..${version}`, 'gateway.yaml'), 'the same length');
    }
    await symlink('..1', join(folder, '..data'));
    const linked = join(folder, 'linked.yaml');
    await symlink(join('..data', 'gateway.yaml'), linked);
    watched.watch([linked]);
    expect(looks(3)).toBe(0);
    await symlink('..2', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    expect(looks(2)).toBe(1);
    expect(looks(5)).toBe(1);
  });

  it('that was read again for another reason does not report the change that was read', async () => {
    await writeFile(file, 'two');
    watched.snapshot();
    watched.watch([file]);
    expect(looks(5)).toBe(0);
  });

  it('that changes between detection and renewed watching is not missed', async () => {
    watched.snapshot();
    await writeFile(file, 'two');
    watched.watch([file]);
    expect(looks(3)).toBe(1);
  });

  it('that does not exist yet reports its creation', async () => {
    const later = join(folder, 'later.pem');
    watched.watch([file, later]);
    expect(looks(3)).toBe(0);
    await writeFile(later, 'here');
    expect(looks(2)).toBe(1);
  });

  it('that the configuration no longer names reports nothing', async () => {
    watched.watch([]);
    await writeFile(file, 'two');
    expect(looks(5)).toBe(0);
  });
});
