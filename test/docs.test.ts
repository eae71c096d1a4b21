/** The pages for people: every path of this repository that they name is there. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const PAGES = [
  'ARCHITECTURE.md',
  'README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** A path in backticks, from the root. One that says whose place it takes (`test/YOURS`) or is a pattern is none. */
const NAMED = /`((?:src|test|docs|config|bench)\/[\w./-]*)`/g;
/** Where a link leads; its place within the page is left out. */
const LINKED = /\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g;

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, path]) => path!);
}

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(page, 'utf8');

  it('names only files and folders that exist', () => {
    expect(matches(text, NAMED).filter((path) => !existsSync(path))).toEqual([]);
  });

  it('links only to pages that exist', () => {
    expect(matches(text, LINKED).filter((path) => !existsSync(join(dirname(page), path)))).toEqual([]);
  });
});

it('docs/threats.md names every file of test/security/', () => {
  const named = new Set(matches(readFileSync('docs/threats.md', 'utf8'), NAMED));
  const files = readdirSync('test/security').map((name) => `test/security/${name}`);
  expect(files.filter((file) => !named.has(file))).toEqual([]);
});
