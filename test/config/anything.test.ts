import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileConfig, ConfigError } from '../../src/config/config.js';
import { load, VALID } from './planted.js';

const KEYS = [
  'listen',
  'redis',
  'issuers',
  'upstreams',
  'routes',
  'match',
  'limit',
  'scope',
  'cors',
  'expect',
  'x',
];
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom('GET /a', '10 per 2m', '${A', 'http://h', 'none', '', null, true, false, 5, undefined),
    fc.string(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string()), tie('value'), { maxKeys: 5 }),
  ),
})).value;

describe('any configuration', () => {
  it('as an object is compiled or refused with problems, nothing else', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...KEYS), anything), (config) => {
        try {
          compileConfig(config, { env: {}, baseFolder: '/nowhere' });
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          expect((error as ConfigError).problems.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('as a file with a part replaced is loaded or refused with places in it', async () => {
    const lines = VALID.split('\n').length;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(VALID.length),
        fc.nat(20),
        fc.string({ maxLength: 8 }),
        async (from, length, text) => {
          const broken = VALID.slice(0, from) + text + VALID.slice(from + length);
          const error: unknown = await load(broken).then(
            () => undefined,
            (reason: unknown) => reason,
          );
          if (error === undefined) return;
          expect(error).toBeInstanceOf(ConfigError);
          for (const problem of (error as ConfigError).problems) {
            expect(problem.line).toBeGreaterThan(0);
            expect(problem.line).toBeLessThanOrEqual(lines + 8);
            expect(problem.column).toBeGreaterThan(0);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
