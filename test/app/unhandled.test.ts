/** An unhandled rejection is logged in a serving gateway, and ends any other process as Node does. */
import { execFile } from 'node:child_process';
import { expect, it } from 'vitest';

const MODULE = new URL('../../dist/app/unhandled.js', import.meta.url).href;

function run(code: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const script = `
    const { logUnhandled } = await import(${JSON.stringify(MODULE)});
    const write = ({ err }, text) => console.log(err.message, '|', text);
    const restore = logUnhandled({ error: write, warn: write });
    const tick = () => new Promise((resolve) => setImmediate(resolve));
    ${code}`;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--input-type=module', '-e', script],
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

it('An unhandled rejection is logged, and the process goes on', async () => {
  const { code, stdout } = await run(
    `Promise.reject(new Error('select NaN')); await tick(); console.log('goes on');`,
  );
  expect(stdout).toMatch(/^select NaN \| background work failed[^\n]*\ngoes on\n$/);
  expect(code).toBe(0);
});

it('Once the handler is removed, Node ends the process as by default', async () => {
  const { code, stdout } = await run(
    `restore(); Promise.reject(new Error('x')); await tick(); console.log('on');`,
  );
  expect([code, stdout]).toEqual([1, '']);
});

it('A warning of Node is logged instead of printed, and printed again once the handler is removed', async () => {
  const { stdout, stderr } = await run(
    `process.emitWarning('first'); await tick(); restore(); process.emitWarning('second'); await tick();`,
  );
  expect(stdout).toBe('first | a warning of Node\n');
  expect(stderr).toMatch(/^\(node:\d+\) Warning: second\n/);
});

it('Thousands of rejections and warnings have a few lines in the log', async () => {
  const opened = new URL('../../dist/app/process-log.js', import.meta.url).href;
  const { stdout } = await run(`
    restore();
    const { openProcessLog } = await import(${JSON.stringify(opened)});
    const { close } = openProcessLog({ level: 'info', pretty: false }, {});
    for (let i = 0; i < 5000; i++) {
      Promise.reject(new Error('rejected ' + i));
      process.emitWarning('warned ' + i);
    }
    await tick();
    await close();`);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string; lines?: number });
  expect(lines).toHaveLength(22);
  const reports = lines.filter(({ msg }) => msg === 'log lines were left out');
  expect(reports.map(({ lines: count }) => count)).toEqual([4990, 4990]);
});
