/** Whether a path leads to something in a value. */
import type { Path } from './problem.js';

export function has(value: unknown, path: Path): boolean {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return false;
    found = Reflect.get(found, step);
  }
  return found !== undefined;
}
