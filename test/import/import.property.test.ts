import fc from 'fast-check';
import { expect, it } from 'vitest';
import { importDocument } from '../../src/import/import.js';
import { admits, randomDocument, SCOPES } from './documents.js';
import { gateOf } from './gate.js';

const bytesOf = (document: object): Uint8Array => Buffer.from(JSON.stringify(document));
const VALUES = ['a', 'b', 'A', 'me', 'x1', 'a.json', 'va', 'a,b', '%C3%A4', 'z'] as const;
const value = fc.constantFrom(...VALUES);
const randomPath = fc
  .tuple(
    fc.constantFrom('', '/v1', '/a'),
    fc.array(value, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '', '/'),
  )
  .map(([base, segments, end]) => `${base}/${segments.join('/')}${end}`);
const CALLERS = [undefined, [], ['s1'], ['s2'], ['s1', 's2'], SCOPES];

/** A request for a path of the document, with a value for each placeholder. */
function exampleOf(template: string, values: readonly string[]): string {
  let at = 0;
  return encodeURI(
    template
      .replace(/[?#].*$/, '')
      .replace(/\{[^}]*\}/g, () => decodeURIComponent(values[at++ % values.length]!)),
  ).replaceAll('%25', '%');
}

it('a gateway of any document admits no caller whom the document does not admit', async () => {
  let admitted = 0;
  await fc.assert(
    fc.asyncProperty(
      randomDocument,
      fc.array(randomPath, { minLength: 5, maxLength: 15 }),
      fc.array(value, { minLength: 3, maxLength: 3 }),
      async ({ document, operations }, paths, values) => {
        const { yaml, config } = importDocument(bytesOf(document), 'random.json');
        if (config.routes.length === 0) return;
        const gate = await gateOf(yaml);
        try {
          const examples = operations.map(({ wholePath }) => exampleOf(wholePath, values));
          for (const path of new Set([...examples, ...paths])) {
            for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
              for (const caller of CALLERS) {
                const status = await gate.ask(method, path, caller);
                if (status !== 200) continue;
                admitted++;
                expect([method, path, caller, admits(operations, method, path, caller)]).toEqual([
                  method,
                  path,
                  caller,
                  true,
                ]);
              }
            }
          }
        } finally {
          await gate.close();
        }
      },
    ),
    { numRuns: Number(process.env['TOLLGATE_IMPORT_RUNS'] ?? 80) },
  );
  expect(admitted).toBeGreaterThan(0);
}, 60_000);

it('any bytes are a document or one clear error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.json(),
        fc.object().map((each) => JSON.stringify({ openapi: '3.0.0', paths: each })),
      ),
      (text) => {
        try {
          expect(importDocument(Buffer.from(text), 'any').config.routes).toBeInstanceOf(Array);
        } catch (error) {
          expect((error as Error).constructor.name).toBe('DocumentError');
          expect((error as Error).message).not.toContain('\n');
        }
      },
    ),
    { numRuns: 1000 },
  );
}, 60_000);
