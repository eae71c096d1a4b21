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

it('ARCHITECTURE.md follows a request by names that the files declare', () => {
  const walk =
    /## A request, file by file\n([\s\S]*?)\n## /.exec(readFileSync('ARCHITECTURE.md', 'utf8'))?.[1] ?? '';
  const lines = [...walk.matchAll(/^\d+\. `(src\/[\w./-]+)` `(\w+)`: /gm)];
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.length).toBeLessThanOrEqual(15);
  const missing = lines.filter(
    ([, file, name]) => !new RegExp(`(?:function|class) ${name!}\\b`).test(readFileSync(file!, 'utf8')),
  );
  expect(missing.map(([line]) => line)).toEqual([]);
});

describe('docs/configuration.md', () => {
  const page = readFileSync('docs/configuration.md', 'utf8');

  it('names every key of the file', () => {
    const schema: unknown = JSON.parse(readFileSync('config/gateway.schema.json', 'utf8'));
    const keys = keysOf(schema);
    expect(keys.size).toBeGreaterThan(100);
    expect([...keys].filter((key) => !new RegExp(`[\`{.,\\s]${key}[\`:,.}\\s=]`).test(page))).toEqual([]);
  });

  it('has each row of a table once', () => {
    const rows = page
      .split('\n')
      .filter((line) => /^\| `[\w.]*[._]\w+`/.test(line) && !line.includes('path: /'));
    const sections = page
      .split(/^## /m)
      .map((section) => section.split('\n').filter((row) => rows.includes(row)));
    for (const section of sections) {
      const keys = section.map((row) => row.split(' | ')[0]);
      expect(keys).toEqual([...new Set(keys)]);
    }
    const headings = page.split('\n').filter((line) => line.startsWith('#'));
    expect(headings).toEqual([...new Set(headings)]);
  });
});

/** The names of all properties of a JSON schema. */
function keysOf(schema: unknown, found = new Set<string>()): Set<string> {
  if (typeof schema !== 'object' || schema === null) return found;
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'properties') for (const key of Object.keys(value as object)) found.add(key);
    keysOf(value, found);
  }
  return found;
}
