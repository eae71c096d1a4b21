import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalForm } from '../../src/match/normal-form.js';
import { Refusal } from '../../src/model/refusal.js';

function detailOf(path: string, allowSemicolon = false): string | undefined {
  const form = normalForm(path, allowSemicolon);
  return form instanceof Refusal ? form.detail : undefined;
}

describe('A path', () => {
  it.each([
    '/',
    '/a/b/c',
    '/a/',
    '/.well-known/jwks.json',
    '/a/..b/b../.../.a',
    "/!$&'()*+,=:@-_~.",
    '/a|b/{c}/"d"/[e]',
    '/users/%40admin',
    '/caf%C3%A9/caf%c3%a9',
    '/100%25',
    '/100%25zz',
    '/a%20b',
    '/a%3Fb%23c',
    '/a%2Fb',
  ])('%s is its own normal form', (path) => {
    expect(normalForm(path, false)).toBe(path);
  });

  it.each([
    ['/%61%62%63', '/abc'],
    ['/%41%5A%5a%7A', '/AZZz'],
    ['/%30%39', '/09'],
    ['/a%2Db%5Fc%7ed', '/a-b_c~d'],
    ['/a%2Eb', '/a.b'],
    ['/%2ewell-known', '/.well-known'],
    ['/%61%c3%a9', '/a%c3%a9'],
  ])('%s has its unreserved characters decoded: %s', (path, normal) => {
    expect(normalForm(path, false)).toBe(normal);
  });

  it.each([
    ['/.', 'dot segment'],
    ['/..', 'dot segment'],
    ['/a/../b', 'dot segment'],
    ['/a/./b', 'dot segment'],
    ['/a/%2e%2e/b', 'dot segment'],
    ['/a/.%2E/b', 'dot segment'],
    ['/a/%2e', 'dot segment'],
    ['/a/..%2fb', 'dot segment'],
    ['/a%2F..', 'dot segment'],
    ['/a%2f%2e%2Fb', 'dot segment'],
    ['//', 'empty segment'],
    ['//a', 'empty segment'],
    ['/a//b', 'empty segment'],
    ['/a\\b', 'backslash'],
    ['/a%5cb', 'backslash'],
    ['/a%5Cb', 'backslash'],
    ['/a%00b', 'encoded control'],
    ['/a%1Fb', 'encoded control'],
    ['/a%0d%0ab', 'encoded control'],
    ['/a%7fb', 'encoded control'],
    ['/a%252fb', 'encoded twice'],
    ['/a%2541', 'encoded twice'],
    ['/a%25%34%31', 'encoded twice'],
    ['/a%25%32%65%25%32%65', 'encoded twice'],
    ['/a%', 'invalid escape'],
    ['/a%2', 'invalid escape'],
    ['/a%zz', 'invalid escape'],
    ['/a%u002e', 'invalid escape'],
    ['/a%%32e', 'invalid escape'],
    ['/a%c0%af', 'not UTF-8'],
    ['/a%e9', 'not UTF-8'],
    ['/a%ed%a0%80', 'not UTF-8'],
    ['/a%ff', 'not UTF-8'],
    ['/a\x01', 'control character'],
    ['/a b', 'control character'],
    ['/a\x7f', 'control character'],
    ['/caf\xe9', 'control character'],
    ['/a#b', '#'],
    ['/a;b', 'semicolon'],
    ['/a%3bb', 'semicolon'],
    ['/a%3Bb', 'semicolon'],
  ])('%j is refused: %s', (path, word) => {
    expect(detailOf(path)).toContain(word);
  });

  it('is refused with 400 and code 214', () => {
    const refusal = normalForm('/../a', false);
    expect(refusal).toMatchObject({ status: 400, reason: 'malformed_request' });
    expect((refusal as Refusal).body).toContain('"code":214');
  });
});

describe('A path where semicolons are allowed', () => {
  it.each(['/a;b=c/d', '/a%3Bb', '/a;', '/.a;b'])('may be %s', (path) => {
    expect(normalForm(path, true)).toBe(path);
  });

  it.each([
    ['/..;/b', 'dot segment'],
    ['/a/.;x=1/b', 'dot segment'],
    ['/%2e%2e%3b/b', 'dot segment'],
    ['/;x/b', 'empty segment'],
    ['/a/%3b', 'empty segment'],
    ['/a//b', 'empty segment'],
  ])('is refused as %s, which is another path once the parameters are removed', (path, word) => {
    expect(detailOf(path, true)).toContain(word);
  });
});

it('A normal form is its own normal form, and means the same as what was sent', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '/',
      '.',
      '%',
      '%2',
      '%25',
      '%2e',
      '%2F',
      '%5c',
      ';',
      '%3b',
      '\\',
      '#',
      'a',
      'Z',
      '%c3%a9',
    ),
    fc.integer({ min: 0, max: 255 }).map((code) => `%${code.toString(16).padStart(2, '0')}`),
    // A path ends before the first `?`.
    fc.string({ maxLength: 2 }).filter((text) => !text.includes('?')),
  );
  const path = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`);
  fc.assert(
    fc.property(path, fc.boolean(), (sent, allowSemicolon) => {
      const form = normalForm(sent, allowSemicolon);
      if (form instanceof Refusal) return;
      expect(normalForm(form, allowSemicolon)).toBe(form);
      expect(decodeURIComponent(form)).toBe(decodeURIComponent(sent));
      expect(new URL(`http://a${form}`).pathname.split('/').length).toBe(form.split('/').length);
    }),
    { numRuns: 5000 },
  );
});

it('The longest path is read in linear time', () => {
  const paths = [
    '/a'.repeat(4096),
    '/'.repeat(8192),
    '/%2e'.repeat(2048),
    '.'.repeat(8192),
    '%25'.repeat(2730),
  ];
  const started = performance.now();
  for (const path of paths) normalForm(`/${path}`, true);
  expect(performance.now() - started).toBeLessThan(250);
});
