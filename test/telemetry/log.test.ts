/** The operator's log as a file: complete when it is closed, and retried when it cannot be written. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLog } from '../../src/telemetry/log.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-log-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function linesOf(file: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(file, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('a log', () => {
  it('has every line in its file once it is closed, at any time and for any number of lines', async () => {
    for (const count of [0, 1, 5000]) {
      const file = join(folder, `${count}`, 'gate.log');
      const { writeInfo, close } = createLog({ level: 'info', file });
      for (let i = 0; i < count; i++) writeInfo(`{"i":${i}}\n`);
      await close();
      const lines = await linesOf(file);
      expect(lines.map(({ i }) => i)).toEqual(Array.from({ length: count }, (_, i) => i));
    }
  });

  it('has named levels, ISO 8601 times, and nothing of the machine', async () => {
    const file = join(folder, 'fields.log');
    const { log, close } = createLog({ level: 'warn', file });
    log.info({}, 'not this');
    log.warn({ reason: 'x' }, 'but this');
    await close();
    expect(await linesOf(file)).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        reason: 'x',
        msg: 'but this',
      },
    ]);
  });

  it('writes the lines of an idle gateway within a second, without being closed', async () => {
    const file = join(folder, 'quiet.log');
    const { log, close } = createLog({ level: 'info', file });
    log.info({}, 'a single line');
    const begun = performance.now();
    while ((await linesOf(file)).length === 0) await sleep(20);
    expect(performance.now() - begun).toBeLessThan(2000);
    await close();
  });

  it('appends to an existing file', async () => {
    const file = join(folder, 'twice.log');
    for (const i of [1, 2]) {
      const { log, close } = createLog({ level: 'info', file });
      log.info({ i }, 'line');
      await close();
    }
    expect((await linesOf(file)).map(({ i }) => i)).toEqual([1, 2]);
  });

  it('may be closed twice, and later lines are lost without an exception', async () => {
    const file = join(folder, 'closed.log');
    const { log, close } = createLog({ level: 'info', file });
    await Promise.all([close(), close()]);
    log.error({}, 'too late');
    expect(await linesOf(file)).toEqual([]);
  });

  it('reports at once when its file cannot be opened', () => {
    expect(() => createLog({ level: 'info', file: join(folder, 'closed.log', 'below-a-file') })).toThrow(
      /ENOTDIR|EEXIST/,
    );
  });

  it('on a full disk reports it once and goes on', async () => {
    const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { log, writeInfo, close } = createLog({ level: 'info', file: '/dev/full' });
    for (let i = 0; i < 50; i++) {
      writeInfo(`${'x'.repeat(1000)}\n`);
      await sleep(1);
    }
    await sleep(600);
    log.info({}, 'still here');
    await close();
    const complaints = told.mock.calls
      .map(([text]) => String(text))
      .filter((text) => text.includes('cannot be written'));
    told.mockRestore();
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain('ENOSPC');
  });
});
