/** Reads the entries of docs/issuers.md, and replaces in them what stands for values of the reader's own. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Provider } from './provider.js';

/** An entry of `issuers`, as the file has it. */
export type Entry = Readonly<Record<string, unknown>>;

/** The entries of all blocks of the page, by name. */
export function readRecipes(): ReadonlyMap<string, Entry> {
  const blocks = readFileSync('docs/issuers.md', 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```/gm);
  const recipes = new Map<string, Entry>();
  for (const [, block = ''] of blocks) {
    const { issuers } = parse(block) as { issuers: Record<string, Entry> };
    for (const [name, entry] of Object.entries(issuers)) {
      if (recipes.has(name)) throw new Error(`docs/issuers.md has the entry "${name}" twice`);
      recipes.set(name, entry);
    }
  }
  return recipes;
}

/** The entry with the provider's values in place of the words in capitals. */
export function fillIn(entry: Entry, { name, values }: Provider): Entry {
  let text = JSON.stringify(entry);
  for (const [word, value] of Object.entries(values)) {
    const filled = text.replaceAll(new RegExp(`(?<!\\w)${word}(?!\\w)`, 'g'), value);
    if (filled === text) throw new Error(`the entry "${name}" has no ${word}`);
    text = filled;
  }
  return JSON.parse(text) as Entry;
}

/** The words in capitals that an entry still has. */
export function unfilledWords(entry: Entry): readonly string[] {
  const names = /^(?:JWT|JOSE|IAP|JWT_SECRET)$/;
  const words = JSON.stringify(entry).match(/(?<!\w)[A-Z][A-Z_]+(?!\w)/g) ?? [];
  return words.filter((word) => !names.test(word));
}

/** The keys of an entry that are requested, where it has them; otherwise its keys are found by its `issuer`. */
const REQUESTED = ['jwks', 'discovery'];

/** The entry with the test's origin in place of that of the provider, wherever the gateway requests something. */
export function moveTo(origin: string, entry: Entry): Entry {
  const named = REQUESTED.filter((key) => key in entry);
  const moved = named.length > 0 ? named : ['issuer'];
  return Object.fromEntries(
    Object.entries(entry).map(([key, value]) => [
      key,
      moved.includes(key) ? String(value).replace(/^https:\/\/[^/]+/, origin) : value,
    ]),
  );
}
