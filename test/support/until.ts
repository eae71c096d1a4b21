/** For tests that wait for a condition, independent of the speed of the machine. */
import { setTimeout as sleep } from 'node:timers/promises';

/** @returns how long it took, in milliseconds */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<number> {
  const begun = performance.now();
  while (!(await condition())) {
    if (performance.now() - begun > withinMs)
      throw new Error(`not within ${withinMs} ms: ${String(condition)}`);
    await sleep(5);
  }
  return performance.now() - begun;
}
