/** The names of source files follow the same rule as the names in them, which lint checks. */
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect, it } from 'vitest';

const LIST = new URL('../scripts/banned-names.js', import.meta.url).href;

it('no source file has a banned name', async () => {
  const { BANNED_NAMES } = (await import(LIST)) as { BANNED_NAMES: readonly string[] };
  const files = await readdir(new URL('../src', import.meta.url), { recursive: true });
  const names = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts').replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()));
  expect(names).toContain('gateway');
  expect(names.filter((name) => BANNED_NAMES.includes(name))).toEqual([]);
});
