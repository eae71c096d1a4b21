/** Closes what a test has opened, last first. */
import { afterEach } from 'vitest';

const opened: { close(): Promise<void> }[] = [];

export function keep<T extends { close(): Promise<void> }>(thing: T): T {
  opened.push(thing);
  return thing;
}

afterEach(async () => {
  for (let thing = opened.pop(); thing; thing = opened.pop()) await thing.close();
});
