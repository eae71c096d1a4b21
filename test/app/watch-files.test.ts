/** Watched files: every kind of content change is detected, once, and nothing else. */
import { mkdir, mkdtemp, rename, rm, stat as statFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchFiles, type WatchedFiles } from '../../src/app/watch-files.js';

const EVERY_MS = 500;

let folder: string;
let file: string;
let changes: number;
let watched: WatchedFiles;
/** Calls of stat that have not settled. */
let pending: Promise<unknown>[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-watch-'));
  file = join(folder, 'gateway.yaml');
  await writeFile(file, 'one');
  vi.useFakeTimers();
  changes = 0;
  pending = [];
  const stat = (path: string): ReturnType<typeof statBig> => {
    const result = statBig(path);
    pending.push(result.catch(() => undefined));
    return result;
  };
  watched = watchFiles(() => (changes += 1), { everyMs: EVERY_MS, stat });
  await watched.watch([file]);
});

afterEach(async () => {
  watched.close();
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

function statBig(path: string) {
  return statFile(path, { bigint: true });
}

/** Lets so many polls pass. */
async function looks(count: number): Promise<number> {
  for (let i = 0; i < count; i++) {
    vi.advanceTimersByTime(EVERY_MS);
    await Promise.all(pending.splice(0));
    // The promises that follow a stat take no time of the clock.
    await vi.advanceTimersByTimeAsync(0);
  }
  return changes;
}

describe('a watched file', () => {
  it('that stays unchanged reports nothing', async () => {
    expect(await looks(10)).toBe(0);
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
    expect(await looks(2)).toBe(0);
    await change();
    expect(await looks(1)).toBe(0);
    expect(await looks(1)).toBe(1);
    expect(await looks(10)).toBe(1);
  });

  it('that is still being written is waited for', async () => {
    for (let i = 0; i < 5; i++) {
      await writeFile(file, 'half'.repeat(i + 2));
      expect(await looks(1)).toBe(0);
    }
    expect(await looks(1)).toBe(1);
  });

  it('is followed through the links of a ConfigMap, which are swapped in one step', async () => {
    for (const version of ['1', '2']) {
      await mkdir(join(folder, `..${version}`));
      await writeFile(join(folder, `..${version}`, 'gateway.yaml'), 'the same length');
    }
    await symlink('..1', join(folder, '..data'));
    const linked = join(folder, 'linked.yaml');
    await symlink(join('..data', 'gateway.yaml'), linked);
    await watched.watch([linked]);
    expect(await looks(3)).toBe(0);
    await symlink('..2', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    expect(await looks(2)).toBe(1);
    expect(await looks(5)).toBe(1);
  });

  it('that was read again for another reason does not report the change that was read', async () => {
    await writeFile(file, 'two');
    await watched.snapshot();
    await watched.watch([file]);
    expect(await looks(5)).toBe(0);
  });

  it('that changes between detection and renewed watching is not missed', async () => {
    await watched.snapshot();
    await writeFile(file, 'two');
    await watched.watch([file]);
    expect(await looks(3)).toBe(1);
  });

  it('that does not exist yet reports its creation', async () => {
    const later = join(folder, 'later.pem');
    await watched.watch([file, later]);
    expect(await looks(3)).toBe(0);
    await writeFile(later, 'here');
    expect(await looks(2)).toBe(1);
  });

  it('that the configuration no longer names reports nothing', async () => {
    await watched.watch([]);
    await writeFile(file, 'two');
    expect(await looks(5)).toBe(0);
  });
});

it('on a mount that does not respond one poll waits, and a change is reported once it responds', async () => {
  let respond = (): void => undefined;
  let calls = 0;
  const hung = watchFiles(() => (changes += 1), {
    everyMs: EVERY_MS,
    stat: (path) => {
      calls += 1;
      const response =
        calls === 2
          ? new Promise<void>((resolve) => (respond = resolve)).then(() => statBig(path))
          : statBig(path);
      pending.push(calls === 2 ? Promise.resolve() : response);
      return response;
    },
  });
  await hung.watch([file]);
  await writeFile(file, 'two');
  await looks(10);
  expect(calls).toBe(2);
  respond();
  const deadline = Date.now() + 100 * EVERY_MS;
  while (changes === 0 && Date.now() < deadline) await looks(1);
  expect(changes).toBe(1);
  hung.close();
});
