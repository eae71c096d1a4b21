import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readClaim, satisfies, type ClaimCondition } from '../../src/model/claim.js';

function condition(changes: Partial<ClaimCondition>): ClaimCondition {
  return { path: ['c'], name: 'c', test: 'is', values: [], ...changes };
}

describe('readClaim', () => {
  it('takes a name as one claim, whatever dots it has', () => {
    expect(readClaim({ 'a.b': 1, a: { b: 2 } }, ['a.b'])).toBe(1);
    expect(readClaim({ 'a.b': 1, a: { b: 2 } }, ['a', 'b'])).toBe(2);
  });

  it.each([
    [{}, ['__proto__']],
    [{}, ['constructor', 'name']],
    [{ c: 'text' }, ['c', 'length']],
    [{ c: ['x'] }, ['c', '0']],
    [{ c: null }, ['c', 'd']],
  ])('finds nothing in %j at %j', (payload, path) => {
    expect(readClaim(payload, path)).toBeUndefined();
  });
});

describe('A condition', () => {
  it.each([
    ['access', ['access'], true],
    ['access', ['id', 'access'], true],
    ['Access', ['access'], false],
    ['access refresh', ['access'], false],
    [['access'], ['access'], false],
    [5, [5], true],
    ['5', [5], false],
    [5, ['5'], false],
    [true, [true], true],
    [false, [false], true],
    [0, [false], false],
    ['true', [true], false],
    [null, ['null'], false],
    [undefined, ['undefined'], false],
    [{ access: 1 }, ['access'], false],
  ])('with a claim %j that must be one of %j is satisfied: %j', (claim, values, expected) => {
    expect(satisfies(condition({ test: 'is', values }), { c: claim })).toBe(expected);
  });

  it.each([
    [['a', 'b'], ['b'], true],
    [['a', 'b'], ['x', 'b'], true],
    [['a b'], ['b'], false],
    ['a b', ['b'], true],
    ['a  b', ['b'], true],
    ['ab', ['b'], false],
    ['', [''], false],
    ['a  b', [''], false],
    [{ a: {}, b: {} }, ['b'], true],
    [{ a: {} }, ['constructor'], false],
    [{ a: {} }, ['__proto__'], false],
    [[1, 2], [2], true],
    ['1 2', [2], false],
    [{ 2: {} }, [2], false],
    [[true], [true], true],
    [5, [5], false],
    [[], ['a'], false],
    [undefined, ['a'], false],
    [null, ['a'], false],
  ])('with a claim %j that must have one of %j is satisfied: %j', (claim, values, expected) => {
    expect(satisfies(condition({ test: 'has', values }), { c: claim })).toBe(expected);
  });

  it.each([
    [{}, true],
    [{ c: undefined }, true],
    [{ c: null }, true],
    [{ c: false }, false],
    [{ c: 0 }, false],
    [{ c: '' }, false],
    [{ c: [] }, false],
    [{ c: {} }, false],
  ])('that the claim is absent is satisfied by %j: %j', (claims, expected) => {
    expect(satisfies(condition({ test: 'absent' }), claims)).toBe(expected);
  });

  it('that a claim within an object is absent is satisfied without the object', () => {
    const within = condition({ test: 'absent', path: ['a', 'b'] });
    expect(
      [{}, { a: {} }, { a: { c: 1 } }, { a: { b: 1 } }].map((claims) => satisfies(within, claims)),
    ).toEqual([...[true, true, true, false]]);
  });

  it.each([[[{ b: 1 }]], [[]], ['b'], [''], [0], [true], [false]])(
    'that a claim within an object is absent is not satisfied where %j is in the place of the object',
    (value) => {
      expect(satisfies(condition({ test: 'absent', path: ['a', 'b'] }), { a: value })).toBe(false);
      expect(satisfies(condition({ test: 'absent', path: ['x', 'a', 'b'] }), { x: { a: value } })).toBe(
        false,
      );
    },
  );

  it('that a claim is absent is satisfied where an object on the way to it is null, or only inherited', () => {
    expect(satisfies(condition({ test: 'absent', path: ['a', 'b'] }), { a: null })).toBe(true);
    expect(satisfies(condition({ test: 'absent', path: ['constructor', 'name'] }), {})).toBe(true);
  });

  it.each([
    ['is', 'shop', { org: 'shop' }, true],
    ['is', 'shop', { org: 'Shop' }, false],
    ['is', 'shop', { other: 'shop' }, false],
    ['is', 'shop', undefined, false],
    ['is', '', { org: '' }, false],
    ['is', 42, { org: '42' }, true],
    ['is', 42, { org: '042' }, false],
    ['is', 2 ** 53, { org: String(2 ** 53) }, false],
    ['is', 1.5, { org: '1.5' }, false],
    ['is', true, { org: 'true' }, false],
    ['is', ['shop'], { org: 'shop' }, false],
    ['has', ['shop', 'till'], { org: 'till' }, true],
    ['has', [1, 42], { org: '42' }, true],
    ['has', 'shop till', { org: 'till' }, true],
    ['has', { shop: 1 }, { org: 'shop' }, true],
    ['has', { shop: 1 }, { org: 'constructor' }, false],
    ['has', ['shop'], { org: 'x' }, false],
  ] as const)(
    'that %s the path parameter, with a claim %j and %j: %j',
    (test, claim, parameters, expected) => {
      expect(satisfies(condition({ test, parameter: 'org' }), { c: claim }, parameters)).toBe(expected);
    },
  );

  it('is never satisfied by an absent claim, nor by a parameter that Object.prototype has', () => {
    const values = fc.array(fc.oneof(fc.string(), fc.integer(), fc.boolean()));
    fc.assert(
      fc.property(values, fc.constantFrom('is', 'has'), fc.string(), (accepted, test, name) => {
        expect(satisfies(condition({ path: [name], test, values: accepted }), {})).toBe(false);
        const byParameter = condition({ test, parameter: 'constructor' });
        expect(satisfies(byParameter, { c: 'x' }, {})).toBe(false);
      }),
    );
  });
});
