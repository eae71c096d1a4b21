import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, isScopeToken, narrow } from '../../src/model/scope.js';

const segment = fc.constantFrom('a', 'b', 'ab', '*', 'a*', '');
const scope = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join(':'));
const scopes = fc.array(scope, { maxLength: 4 });

describe('A granted scope', () => {
  it.each([
    ['notarization:read', 'notarization:read'],
    ['notarization:*', 'notarization:read'],
    ['notarization:*', 'notarization:stamps:read'],
    ['notarization:*', 'notarization:*'],
    ['notarization:stamps:*', 'notarization:stamps:read'],
    ['*', 'anything'],
    ['*', 'notarization:read'],
    ['*', '*'],
    ['*:read', '*:read'],
    ['a*', 'a*'],
  ])('%s covers %s', (granted, required) => {
    expect(covers(granted, required)).toBe(true);
  });

  it.each([
    ['notarization:*', 'notarization'],
    ['notarization:*', 'notarizations:read'],
    ['notarization:read', 'notarization:readx'],
    ['notarization:read', 'notarization:*'],
    ['notarization:*', '*'],
    ['notarization', 'notarization:read'],
    ['Notarization:*', 'notarization:read'],
    ['notarization:read', 'notarization:READ'],
    ['*:read', 'notarization:read'],
    ['a*', 'ab'],
    ['a:b*', 'a:bc'],
    ['a:*:c', 'a:b:c'],
    ['**', 'a'],
    ['', 'a'],
  ])('%s does not cover %s', (granted, required) => {
    expect(covers(granted, required)).toBe(false);
  });

  it('covers itself, and what is covered by what it covers', () => {
    fc.assert(
      fc.property(scope, scope, scope, (a, b, c) => {
        expect(covers(a, a)).toBe(true);
        if (covers(a, b) && covers(b, c)) expect(covers(a, c)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('covers exactly what a comparison segment by segment says', () => {
    const bySegments = (granted: string, required: string): boolean => {
      const before = granted.split(':').slice(0, -1);
      const parts = required.split(':');
      return (
        granted === required ||
        (granted.split(':').at(-1) === '*' &&
          parts.length > before.length &&
          before.every((text, at) => text === parts[at]))
      );
    };
    fc.assert(
      fc.property(scope, scope, (a, b) => {
        expect(covers(a, b)).toBe(bySegments(a, b));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('Scopes narrowed to grants', () => {
  it.each([
    [['notarization:read'], ['notarization:*'], ['notarization:read']],
    [['*'], ['notarization:*', 'storage:*'], ['notarization:*', 'storage:*']],
    [['notarization:*'], ['notarization:read', 'storage:*'], ['notarization:read']],
    [['notarization:read', 'admin'], ['notarization:*', 'storage:*'], ['notarization:read']],
    [['a', 'a'], ['*', 'a'], ['a']],
    [['a'], [], []],
    [[], ['*'], []],
  ])('%j within %j are %j', (given, grants, narrowed) => {
    expect(narrow(given, grants)).toEqual(narrowed);
  });

  it('cover exactly what both the scopes and the grants cover', () => {
    const open = (granted: readonly string[], required: string): boolean =>
      granted.some((one) => covers(one, required));
    fc.assert(
      fc.property(scopes, scopes, scope, (given, grants, required) => {
        expect(open(narrow(given, grants), required)).toBe(open(given, required) && open(grants, required));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('A scope-token', () => {
  it('is visible ASCII without a quote or a backslash, and not empty', () => {
    for (let code = 0; code <= 0x100; code++) {
      const text = String.fromCharCode(code);
      const expected = code > 0x20 && code < 0x7f && text !== '"' && text !== '\\';
      expect(isScopeToken(`a${text}b`), `character ${code}`).toBe(expected);
    }
    expect(isScopeToken('')).toBe(false);
    expect(isScopeToken('a\n')).toBe(false);
  });
});
