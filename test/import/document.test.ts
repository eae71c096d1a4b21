import { describe, expect, it } from 'vitest';
import { importDocument, MAX_BYTES } from '../../src/import/import.js';

const read = (text: string | Uint8Array) => importDocument(Buffer.from(text), 'openapi.yaml');
const HEAD = 'openapi: 3.0.3\npaths:\n';

describe('A document', () => {
  it.each([
    ['YAML', `${HEAD}  /a: {get: {security: []}}\n`],
    ['JSON', '{"openapi": "3.1.0", "paths": {"/a": {"get": {"security": []}}}}'],
    [
      'JSON after a byte order mark',
      '\ufeff{"openapi": "3.1.0", "paths": {"/a": {"get": {"security": []}}}}',
    ],
    ['YAML that begins with a brace', '{openapi: 3.2.0, paths: {/a: {get: {security: []}}}}'],
    ['a version without quotes', 'openapi: 3.1\npaths: {/a: {get: {security: []}}}'],
    ['anchors', `x-one: &one {get: {security: []}}\n${HEAD}  /a: *one\n`],
    ['merge keys', `x-one: &one {security: []}\n${HEAD}  /a: {get: {<<: *one, summary: x}}\n`],
  ])('is read as %s', (_kind, text) => {
    expect(read(text).config.routes).toEqual([{ match: 'GET /a', upstream: 'api', public: true }]);
  });

  it.each([
    ['', 'not a map'],
    ['- a', 'not a map'],
    ['swagger: "2.0"\npaths: {}', 'swagger2openapi'],
    ['asyncapi: 3.0.0', 'no "openapi" field'],
    ['openapi: 4.0.0\npaths: {}', 'must be 3.0, 3.1 or 3.2'],
    ['openapi: 3.1.0\nwebhooks: {}', 'no "paths"'],
    ['a: [', 'not valid YAML'],
    ['{"openapi": "3.1.0", "paths": {', 'not valid YAML'],
    ['{"openapi": "3.1.0", "paths": {"/a": {"get": {"security": [{}]}, "get": {}}}}', 'same key twice'],
    [`${HEAD}  /a: {get: {}, get: {security: []}}\n`, 'a key twice in one map, in line 3, column 17'],
    ['a: 1\n---\nb: 2', 'not valid YAML'],
    [`${HEAD}  /a: *nothing\n`, 'alias'],
    [Buffer.from([0xff, 0xfe, 0x41]), 'not UTF-8'],
    ['['.repeat(200_000), 'nested too deeply'],
    [Buffer.alloc(MAX_BYTES + 1, 0x20), 'more than 32 MiB'],
  ])('that cannot be imported is one clear error: %#', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('cannot fill the memory by aliases: what they repeat is counted', () => {
    const nested = Array.from(
      { length: 40 },
      (_, at) => `x${at + 1}: &x${at + 1} [*x${at}, *x${at}, *x${at}]`,
    );
    const bomb = `x0: &x0 [a]\n${nested.join('\n')}\n${HEAD}  /a: {get: {security: *x40}}\n`;
    expect(read(bomb).config.routes).toMatchObject([{ scope: 'placeholder:unreadable' }]);
    const operation = `x: &x {${['get', 'put', 'post', 'delete', 'patch'].map((name) => `${name}: {}`).join(', ')}}`;
    const paths = Array.from({ length: 5000 }, (_, at) => `  /p${at}: *x`).join('\n');
    expect(() => read(`${operation}\n${HEAD}${paths}\n`)).toThrow('more than 20000 operations');
    const aliases = Array.from({ length: 10_001 }, () => '*x').join(', ');
    expect(() => read(`x: &x a\ny: [${aliases}]`)).toThrow('more than 10000 aliases');
  });

  it('cannot fill the memory by merge keys', () => {
    const wide = `x: &x {${Array.from({ length: 1000 }, (_, at) => `k${at}: 1`).join(', ')}}`;
    const merges = Array.from({ length: 1000 }, () => '- {<<: *x}').join('\n');
    expect(() => read(`${wide}\ny:\n${merges}\n${HEAD}  /a: {get: {}}\n`)).toThrow('too many merge keys');
  });

  it('writes no text of a document as more than a comment or a value', () => {
    const info = { title: 'x\nroutes: []\u2028y', version: '1\r\nupstreams: {}' };
    const text = JSON.stringify({ openapi: '3.1.0', info, paths: { '/a': { get: {} } } });
    const { yaml } = importDocument(Buffer.from(text), 'name\nadmin: 1');
    expect(yaml.split('\n').filter((line) => /^(?:routes|upstreams|admin)/.test(line))).toEqual([
      'upstreams:',
      'routes:',
    ]);
  });
});
