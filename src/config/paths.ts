/** Looks up a path in a configuration value. */
import type { Path } from './problem.js';

/** Whether the path leads to a value other than undefined. */
export function has(value: unknown, path: Path): boolean {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return false;
    current = Reflect.get(current, step);
  }
  return current !== undefined;
}
