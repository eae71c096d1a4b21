/** What the debugger of the console shows of a token. Nothing that a token says is lost, rounded or evaluated. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePart, splitToken, tokenIn } from '../../../src/console/page/debugger/decode.js';

const part = (json: string | Uint8Array) => Buffer.from(json).toString('base64url');
const decoded = (json: string | Uint8Array) => decodePart(part(json));

describe('decodePart', () => {
  it('returns the names and values of any object, as they are written', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 1, 2), (object, indent) => {
        const expected = Object.entries(object).map(([name, value]) => [
          name,
          JSON.parse(JSON.stringify(value)) as unknown,
        ]);
        const found = decoded(JSON.stringify(object, null, indent));
        const members = 'members' in found ? found.members : [];
        expect(members.map(({ name, json }) => [name, JSON.parse(json) as unknown])).toEqual(expected);
      }),
    );
  });

  it.each([
    ['a number that a double cannot hold', '{"a":12345678901234567890}', [['a', '12345678901234567890']]],
    ['a number beyond all doubles', '{"exp":1e400}', [['exp', '1e400']]],
    [
      'a name that is given twice',
      '{"scope":"read","scope":"admin"}',
      [
        ['scope', '"read"'],
        ['scope', '"admin"'],
      ],
    ],
    ['a name like one of the language', '{"__proto__":{"a":1}}', [['__proto__', '{"a":1}']]],
    [
      'signs of JSON in texts',
      String.raw`{"a":"},{\"b\":1","c":":"}`,
      [
        ['a', String.raw`"},{\"b\":1"`],
        ['c', '":"'],
      ],
    ],
    [
      'an escaped backslash before a quote',
      String.raw`{"a":"\\","b":1}`,
      [
        ['a', String.raw`"\\"`],
        ['b', '1'],
      ],
    ],
    ['an escaped name', String.raw`{"\u0061\"":1}`, [['a"', '1']]],
    ['an object without members', '{}', []],
    [
      'nested lists and objects',
      '{"a":[{"b":[1,2]},{}],"c":{"d":{}}}',
      [
        ['a', '[{"b":[1,2]},{}]'],
        ['c', '{"d":{}}'],
      ],
    ],
  ])('keeps %s', (_, json, expected) => {
    expect(decoded(json)).toEqual({ members: expected.map(([name, value]) => ({ name, json: value })) });
  });

  it('keeps a value that is nested 4,000 times', () => {
    const deep = '['.repeat(4000) + ']'.repeat(4000);
    expect(decoded(`{"a":${deep}}`)).toEqual({ members: [{ name: 'a', json: deep }] });
  });

  it.each([
    ['not base64url', 'a+b/', 'It is not base64url.'],
    ['empty', '', 'It is not base64url.'],
    ['of an impossible length', 'abcde', 'It is not base64url of UTF-8 text.'],
    ['not UTF-8', part(Uint8Array.of(0xff, 0xfe)), 'It is not base64url of UTF-8 text.'],
    ['not JSON', part('{"a":'), 'It is not JSON.'],
    ['a list', part('[1]'), 'It is not a JSON object.'],
    ['null', part('null'), 'It is not a JSON object.'],
  ])('says why there is nothing to show of a part that is %s', (_, text, problem) => {
    expect(decodePart(text)).toEqual({ problem });
  });
});

describe('the text of the field', () => {
  it.each([
    ['a.b.c', 'a.b.c'],
    ['  a.b.c\n', 'a.b.c'],
    ['Bearer a.b.c', 'a.b.c'],
    ['authorization: bearer  a.b.c', 'a.b.c'],
    ['a.b\n  .c', 'a.b.c'],
    ['', ''],
    [' \n', ''],
  ])('%j holds the token %j', (text, token) => {
    expect(tokenIn(text)).toBe(token);
  });

  it('is split without losing a character', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { prefix, parts } = splitToken(text);
        expect(prefix + parts.join('.')).toBe(text);
      }),
    );
  });
});
