/**
 * Published documents, those of a package and, with TOLLGATE_OPENAPI=FOLDER, others: what the import makes of each passes
 * `check`, and opens nothing that the document closes.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadConfig } from '../../src/config/config.js';
import { importDocument } from '../../src/import/import.js';
import { candidates, operationsOf, opensTo } from './documents.js';
import { gateOf } from './gate.js';

const PACKAGE = dirname(createRequire(import.meta.url).resolve('@readme/oas-examples/package.json'));
const OTHERS = process.env['TOLLGATE_OPENAPI'];
const filesOf = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => /\.(?:json|ya?ml)$/.test(name))
    .map((name) => join(folder, name));
const PUBLISHED = ['3.0/json', '3.1/json', '3.0/yaml', '3.1/yaml'].flatMap((each) =>
  filesOf(join(PACKAGE, each)),
);
const FILES = OTHERS === undefined ? PUBLISHED : filesOf(OTHERS);
/** It has no operation, only webhooks; the rest are parts of documents. */
const WITHOUT_ROUTES = /\/webhooks\.|digitalocean|lichess/;

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'tollgate-import-'))));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(FILES.map((file) => [file.replace(`${PACKAGE}/`, ''), file] as const))('%s', (name, file) => {
  const text = readFileSync(file, 'utf8');

  it.skipIf(WITHOUT_ROUTES.test(name))('becomes a file that check accepts, and opens nothing', async () => {
    const { yaml, config, leftOut } = importDocument(Buffer.from(text), name);
    const written = join(folder, 'gateway.yaml');
    writeFileSync(written, yaml);
    const { settings, warnings } = await loadConfig(written, {});
    expect(settings.routes.length).toBe(config.routes.length);
    expect(warnings.filter(({ text: words }) => !words.includes('is a placeholder'))).toEqual([]);
    expect(warnings.map(({ text: words }) => words)).toContain(
      '"https://audience.invalid" is a placeholder: write the aud of your tokens',
    );

    const operations = operationsOf(parse(text, { maxAliasCount: -1, logLevel: 'error' }));
    expect(operations.length).toBe(config.routes.length + leftOut.length);
    const gate = await gateOf(yaml);
    for (const { method, wholePath } of operations) {
      const path = encodeURI(wholePath.replace(/[?#].*$/, '').replaceAll(/\{[^}]*\}/g, 'x1'));
      const all = candidates(operations, method, path);
      for (const caller of [undefined, ['unrelated']]) {
        const status = await gate.ask(method, path, caller);
        if (all.every((each) => opensTo(each, caller))) continue;
        expect([method, path, [400, 401, 403, 404, 405].includes(status)]).toEqual([method, path, true]);
      }
    }
    const isRoute = config.routes.filter(({ match }) => match.startsWith('GET '));
    for (const { match, scope } of isRoute.slice(0, 50)) {
      const path = match.slice(4).replaceAll(/\{[^}]*\}/g, 'x1');
      const scopes =
        typeof scope === 'string' ? [scope] : ((scope as { any?: string[] } | undefined)?.any ?? scope);
      expect([match, await gate.ask('GET', path, scopes as string[] | undefined)]).toEqual([match, 200]);
      if (scope !== undefined) expect([match, await gate.ask('GET', path)]).toEqual([match, 401]);
    }
    await gate.close();
  });
});

it('A document gives the same routes as YAML and as JSON', () => {
  const names = filesOf(join(PACKAGE, '3.1/json')).filter((name) => !WITHOUT_ROUTES.test(name));
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) {
    const json = readFileSync(name, 'utf8');
    const yaml = stringify(JSON.parse(json));
    expect(importDocument(Buffer.from(yaml), name)).toEqual(importDocument(Buffer.from(json), name));
  }
});

it('A document of version 2.0 is refused, with the name of a converter', () => {
  for (const file of filesOf(join(PACKAGE, '2.0/json')))
    expect(() => importDocument(readFileSync(file), file)).toThrow(/Swagger 2\.0.*swagger2openapi/);
});
