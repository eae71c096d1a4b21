/** A reader of the log that stalls: the gateway goes on, and the log says how many lines are missing once it can. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createLog } from '../../src/telemetry/log.js';
import { until } from '../support/until.js';

const LINE = `{"msg":"request","filler":"${'x'.repeat(1000)}"}\n`;
const LINES = 20_000;

it('lines that a stalled reader does not take are counted, and reported when it reads again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-pipe-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const pipe = join(folder, 'log');
  execFileSync('mkfifo', [pipe]);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(reader));
  const { writeInfo, log, droppedLines, close } = createLog({ level: 'info', file: pipe });
  for (let i = 0; i < LINES; i++) writeInfo(LINE);
  log.warn({}, 'the last');
  await until(() => droppedLines() > 0);

  const text = readAll();
  await until(() => {
    text.read();
    return text.endHas('log lines were dropped');
  });
  const dropped = droppedLines();
  writeInfo('{"msg":"after"}\n');
  await Promise.all([
    close(),
    until(() => {
      text.read();
      return text.endHas('"after"');
    }),
  ]);
  const lines = text
    .value()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string; lines?: number });
  const reports = lines.filter(({ msg }) => msg === 'log lines were dropped');
  expect(reports).toMatchObject([{ level: 'warn', lines: dropped }]);
  expect(dropped).toBeGreaterThan(1000);
  // Each line is there, or counted: those of the test, "the last" and "after".
  expect(lines.length - reports.length + dropped).toBe(LINES + 2);

  function readAll() {
    const buffer = Buffer.alloc(1024 * 1024);
    const parts: Buffer[] = [];
    return {
      value: () => Buffer.concat(parts).toString(),
      endHas: (marker: string) => Buffer.concat(parts.slice(-3)).includes(marker),
      read() {
        try {
          for (let size = 1; size > 0;) {
            size = readSync(reader, buffer);
            if (size > 0) parts.push(Buffer.from(buffer.subarray(0, size)));
          }
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        }
      },
    };
  }
});
