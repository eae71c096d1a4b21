import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { both, implies, oneOf, type Requirement } from '../../src/import/requirement.js';

const SCOPES = ['a', 'b', 'c', 'd'] as const;
const some = fc.uniqueArray(fc.constantFrom(...SCOPES), { minLength: 1 });
const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.constant('public' as const),
  fc.record({ mode: fc.constantFrom('all' as const, 'any' as const), scopes: some }),
);
/** Every set of scopes that a token can have; undefined: no token. */
const CALLERS = [
  undefined,
  ...Array.from({ length: 16 }, (_, bits) => SCOPES.filter((_scope, at) => (bits >> at) & 1)),
];

function admits(needed: Requirement, caller: readonly string[] | undefined): boolean {
  if (needed === 'public') return true;
  if (!caller) return false;
  const has = (scope: string): boolean => caller.includes(scope);
  return needed.mode === 'all' ? needed.scopes.every(has) : needed.scopes.some(has);
}

describe('A requirement', () => {
  it('implies another exactly if each caller that it admits is admitted by the other', () => {
    fc.assert(
      fc.property(requirement, requirement, (one, other) => {
        const expected = CALLERS.every((caller) => !admits(one, caller) || admits(other, caller));
        expect(implies(one, other)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it('made of two admits no caller whom one of them refuses, and somebody', () => {
    fc.assert(
      fc.property(requirement, requirement, (one, other) => {
        const made = both(one, other);
        for (const caller of CALLERS) {
          if (admits(made, caller))
            expect([admits(one, caller), admits(other, caller)]).toEqual([true, true]);
        }
        expect(admits(made, SCOPES)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('made of alternatives admits no caller whom all of them refuse, and is exact unless it says otherwise', () => {
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 5 }), (alternatives) => {
        const { requirement: made, isStricter } = oneOf(alternatives);
        for (const caller of CALLERS) {
          const expected = alternatives.some((scopes) => admits({ mode: 'all', scopes }, caller));
          if (isStricter ? admits(made, caller) : true) expect(admits(made, caller)).toBe(expected);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
