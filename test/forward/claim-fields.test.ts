import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createClaimFields } from '../../src/forward/claim-fields.js';
import type { Log } from '../../src/model/log.js';
import { CALLER } from './edge.js';

const logged: { readonly fields: object; readonly message: string }[] = [];
const keep = (fields: object, message: string): void => void logged.push({ fields, message });
const fail = (): never => {
  throw new Error('logged above debug');
};
const log: Log = { debug: keep, info: fail, warn: fail, error: fail };

const fieldsOf = createClaimFields('things', [['X-Value', 'value']], log);

function valueOf(value: unknown): string | undefined {
  const fields = fieldsOf({ ...CALLER, claims: { value } });
  if (fields.length === 0) return undefined;
  expect([fields.length, fields[0]]).toEqual([2, 'X-Value']);
  return fields[1];
}

it.each([
  ['jo@example.org', 'jo@example.org'],
  ['Jo Doe', 'Jo Doe'],
  [' Jo ', '%20Jo%20'],
  [' ', '%20'],
  ['100%', '100%25'],
  ['Zo\u00eb', 'Zo%C3%AB'],
  ['Zo\u00eb Doe', 'Zo%C3%AB Doe'],
  ['\u{1f600}', '%F0%9F%98%80'],
  [7, '7'],
  [-0.5, '-0.5'],
  [0, '0'],
  [true, 'true'],
  [false, 'false'],
])('A claim with the value %j is sent as %j', (value, text) => {
  expect(valueOf(value)).toBe(text);
});

it.each([
  undefined,
  null,
  '',
  [],
  ['jo@example.org'],
  {},
  { email: 'jo@example.org' },
  2 ** 53,
  1e300,
  Infinity,
  NaN,
])('A claim with the value %j has no field', (value) => {
  logged.length = 0;
  expect(valueOf(value)).toBeUndefined();
  expect(logged).toEqual([]);
});

it.each(['a\r\nX-App-Id: boss', 'a\n', '\0', 'a\tb', '\x7f', '\x85', '\ud800', 'a\udc00b'])(
  'A claim with the value %j has no field, and is logged at debug without the value',
  (value) => {
    logged.length = 0;
    expect(valueOf(value)).toBeUndefined();
    expect(logged).toEqual([
      {
        fields: {
          upstream: 'things',
          field: 'X-Value',
          claim: 'value',
          issuer: CALLER.issuer,
          app: CALLER.app,
        },
        message: 'a claim cannot be sent in a field',
      },
    ]);
  },
);

it('Only own claims count', () => {
  const fields = createClaimFields('things', [['X-Value', 'toString']], log);
  expect(fields({ ...CALLER, claims: {} })).toEqual([]);
  expect(fields({ ...CALLER, claims: { toString: 'own' } })).toEqual(['X-Value', 'own']);
});

it('Every value that is sent is visible ASCII with inner spaces, and can be decoded', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const text = valueOf(value);
      if (text === undefined) return;
      expect(text).toMatch(/^[!-~](?:[ -~]*[!-~])?$/);
      expect(decodeURIComponent(text)).toBe(value);
    }),
  );
});
