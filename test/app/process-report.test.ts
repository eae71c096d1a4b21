/** The faults of several workers as one list. */
import { expect, it } from 'vitest';
import { mergeFaults } from '../../src/app/process-report.js';
import type { Fault } from '../../src/app/faults.js';

const REDIS: Fault = { kind: 'redis', text: 'Redis is unavailable', sinceMs: 2000 };
const TARGET: Fault = { kind: 'target', text: 'The target a of b is down', sinceMs: 3000 };
const RELOAD: Fault = { kind: 'reload', text: 'The last reload failed: x', sinceMs: 1000 };

it('A fault that all workers have is listed once, since the first of them has it', () => {
  expect(mergeFaults([[REDIS], [{ ...REDIS, sinceMs: 1500 }]])).toEqual([{ ...REDIS, sinceMs: 1500 }]);
});

it('A fault of some workers says of how many, but a failed reload is that of the gateway', () => {
  expect(mergeFaults([[TARGET], [REDIS, RELOAD], [TARGET]])).toEqual([
    { ...TARGET, text: 'The target a of b is down (in 2 of 3 workers)' },
    { ...REDIS, text: 'Redis is unavailable (in 1 of 3 workers)' },
    RELOAD,
  ]);
});

it('Equal texts of different kinds are different faults', () => {
  expect(mergeFaults([[REDIS, { ...REDIS, kind: 'registry' }]])).toHaveLength(2);
});
