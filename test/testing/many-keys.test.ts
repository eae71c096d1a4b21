/** Generated test keys: their public halves can be exported at any time, during any garbage collection. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** One of so many exports meets a garbage collection: with generated KeyObjects no run ended. */
const KEYS = 1500;
const DEADLINE_MS = 30_000;

/** In its own process, since a deadlock can only be ended from outside. */
const SCRIPT = `
const { testIssuer } = await import(process.argv[1]);
for (let i = 0; i < ${KEYS}; i++) testIssuer({ alg: 'ES256' });
process.stdout.write('made');
`;

it('making thousands of keys never deadlocks the process', async () => {
  const module = new URL('../../dist/testing/test-issuer.js', import.meta.url).href;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', SCRIPT, module],
    { timeout: DEADLINE_MS, killSignal: 'SIGKILL' },
  );
  expect(stdout).toBe('made');
}, 40_000);
