/** The documentation: the paths, links, settings and log lines that it names exist. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { ConfigError, loadConfig } from '../src/config/config.js';
import { general } from '../src/config/schema/schema.js';
import { anchorsOf } from './support/anchors.js';

const pagesOf = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));

const PAGES = [...pagesOf('.'), ...pagesOf('docs')];

/** A path in backticks, from the root. A pattern or a placeholder (`test/YOURS`) is none. */
const NAMED = /`((?:src|test|docs|config|bench)\/[\w./-]*)`/g;
/** The target of a link or an image, with its #anchor. */
const LINKED = /\]\((?!https?:|mailto:)([^)\s]+)\)/g;
/** Words in backticks: a message of the log. Values, keys and header fields have other characters. */
const LOG_LINE = /`([A-Za-z']+(?: [A-Za-z0-9']+)+)`/g;

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, path]) => path!);
}

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(page, 'utf8');

  it('names only files and folders that exist', () => {
    expect(matches(text, NAMED).filter((path) => !existsSync(path))).toEqual([]);
  });

  it('names only scripts of package.json', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
    expect(matches(text, /\bnpm run (?:--\S+ )?([\w:]+)/g).filter((name) => !(name in scripts))).toEqual([]);
  });

  it('links only to files and headings that exist', () => {
    const broken = matches(text, LINKED).filter((link) => {
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      return !existsSync(file) || (anchor !== undefined && !anchorsOf(file).includes(anchor));
    });
    expect(broken).toEqual([]);
  });
});

it('README.md links every page of docs/', () => {
  const linked = new Set(matches(readFileSync('README.md', 'utf8'), LINKED));
  // A report that a script writes; the pages about faults link to it.
  expect(pagesOf('docs').filter((page) => !linked.has(page) && page !== 'docs/soak.md')).toEqual([]);
});

it('docs/what-happens-when.md quotes only messages that the gateway logs', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join('src', file), 'utf8'))
    .join('\n');
  const quoted = matches(readFileSync('docs/what-happens-when.md', 'utf8'), LOG_LINE);
  expect(quoted.length).toBeGreaterThan(12);
  expect(quoted.filter((message) => !sources.includes(message))).toEqual([]);
});

/** The first YAML block after a heading. */
function yamlAfter(page: string, heading: string): string {
  const text = readFileSync(page, 'utf8');
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(text.slice(text.indexOf(`\n${heading}\n`))) ?? [];
  return yaml;
}

/** The problems of a configuration file, as `tollgate check` prints them. */
async function problemsOf(yaml: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-docs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, yaml);
  try {
    const { settings } = await loadConfig(file, {});
    expect(settings.routes.length).toBeGreaterThan(0);
    return '';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const lines = error.problems.flatMap((problem) => problem.toLines());
    return lines.join('\n').replaceAll(file, 'config/gateway.yaml');
  }
}

it.each([
  ['README.md', '## In front of your own service'],
  ['docs/configuration.md', '## A complete example'],
])('the whole file in %s is valid', async (page, heading) => {
  expect(await problemsOf(yamlAfter(page, heading))).toBe('');
});

it.each(['## On one machine', '## On several machines'])(
  'the keys in docs/several-gateways.md are valid: %s',
  (heading) => {
    const keys: unknown = parse(yamlAfter('docs/several-gateways.md', heading));
    expect(keys).toHaveProperty('redis');
    expect(general.safeParse(keys).error?.issues ?? []).toEqual([]);
  },
);

it('docs/configuration.md shows the errors that its faulty file gives', async () => {
  const page = readFileSync('docs/configuration.md', 'utf8');
  const [, printed] = /\$ tollgate check\n([\s\S]*?)\n```/.exec(page) ?? [];
  expect(await problemsOf(yamlAfter('docs/configuration.md', '## Errors'))).toBe(printed);
});

it('docs/threats.md names every file of test/security/', () => {
  const named = new Set(matches(readFileSync('docs/threats.md', 'utf8'), NAMED));
  const files = readdirSync('test/security').map((name) => `test/security/${name}`);
  expect(files.filter((file) => !named.has(file))).toEqual([]);
});

describe('ARCHITECTURE.md follows a request', () => {
  const text = readFileSync('ARCHITECTURE.md', 'utf8');
  const walk = /## A request, file by file\n([\s\S]*?)\n## /.exec(text)?.[1] ?? '';
  const lines = [...walk.matchAll(/^\d+\. `(src\/[\w./-]+)` `(?:(\w+)\.)?(\w+)`: (.*)$/gm)].map(
    ([line, file, owner, name, rest]) => ({
      line,
      file: file!,
      owner,
      name: name!,
      calls: matches(rest!, /→ `(?:\w+\.)?(#?\w+)`/g),
      code: [dirname(file!), ...matches(rest!, NAMED).map((named) => dirname(named))]
        .flatMap((folder) => readdirSync(folder).map((each) => join(folder, each)))
        .filter((each) => each.endsWith('.ts'))
        .map((each) => readFileSync(each, 'utf8'))
        .join('\n'),
    }),
  );

  it('in at most 15 lines, each with a function that its file declares', () => {
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.length).toBeLessThanOrEqual(15);
    expect(lines).toHaveLength(walk.match(/^\d+\. /gm)?.length ?? 0);
    const missing = lines.filter(({ file, owner, name }) => {
      const source = readFileSync(file, 'utf8');
      return owner === undefined
        ? !new RegExp(`(?:function|class) ${name}\\b`).test(source)
        : !source.includes(`class ${owner}`) || !new RegExp(`^  (?:async )?${name}\\(`, 'm').test(source);
    });
    expect(missing.map(({ line }) => line)).toEqual([]);
  });

  it('by calls that the code of these lines makes', () => {
    const calls = lines.flatMap(({ line, calls, code }) => calls.map((name) => ({ line, name, code })));
    expect(calls.length).toBeGreaterThan(20);
    const missing = calls.filter(({ name, code }) => !new RegExp(`(?<!\\w)${name}\\(`).test(code));
    expect(missing.map(({ line, name }) => [line, name])).toEqual([]);
  });

  it('without a gap: each function, or what a create function returns, is called by an earlier line', () => {
    // `createExpressServer` makes the app, and Express calls its middleware.
    const calledByLibraries = ['startServer', 'startPublicServer'];
    const unreached = lines.filter(({ name }, index) => {
      const earlier = new Set(lines.slice(0, index).flatMap(({ calls }) => calls));
      const bound = name
        .replace(/^create(\w)/, (_, first: string) => first.toLowerCase())
        .replace(/e?r$/, '');
      return !earlier.has(name) && !earlier.has(bound) && !calledByLibraries.includes(name);
    });
    expect(unreached.map(({ line }) => line)).toEqual([]);
  });
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
