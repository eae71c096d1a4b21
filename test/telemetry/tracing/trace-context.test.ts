import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTraceparent, readTraceContext } from '../../../src/telemetry/tracing/trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const HEX = Array.from('0123456789abcdef');

describe('a traceparent', () => {
  it.each([
    ['sampled', `00-${TRACE}-${SPAN}-01`, true],
    ['not sampled', `00-${TRACE}-${SPAN}-00`, false],
    ['with flags that are not known yet', `00-${TRACE}-${SPAN}-ff`, true],
    ['with flags that are not known yet, not sampled', `00-${TRACE}-${SPAN}-fe`, false],
    ['of a later version', `cc-${TRACE}-${SPAN}-01`, true],
    ['of a later version with more parts', `cc-${TRACE}-${SPAN}-01-what-the-future-brings`, true],
    ['of a later version with an empty part', `cc-${TRACE}-${SPAN}-01-`, true],
  ])('%s is taken up', (_, text, isSampled) => {
    expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled });
  });

  it.each([
    ['of version ff', `ff-${TRACE}-${SPAN}-01`],
    ['of version 00 with more parts', `00-${TRACE}-${SPAN}-01-more`],
    ['of version 00 with a hyphen at its end', `00-${TRACE}-${SPAN}-01-`],
    ['of a later version with more characters but no hyphen', `cc-${TRACE}-${SPAN}-01.more`],
    ['with a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['with a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['in upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['with a short trace id', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['with a long span id', `00-${TRACE}-${SPAN}0-01`],
    ['with a digit that is not hex', `00-${TRACE.replace('f', 'g')}-${SPAN}-01`],
    ['without a version', `${TRACE}-${SPAN}-01`],
    ['without flags', `00-${TRACE}-${SPAN}`],
    ['with one digit of flags', `00-${TRACE}-${SPAN}-1`],
    ['with a space before it', ` 00-${TRACE}-${SPAN}-01`],
    ['with underscores', `00_${TRACE}_${SPAN}_01`],
    ['that is empty', ''],
  ])('%s is ignored', (_, text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  const hex = (length: number): fc.Arbitrary<string> =>
    fc.string({ unit: fc.constantFrom(...HEX), minLength: length, maxLength: length });

  it('of version 00 is read back from every trace id, span id and flags', () => {
    fc.assert(
      fc.property(hex(32), hex(16), fc.nat(255), (traceId, spanId, flags) => {
        fc.pre(/[^0]/.test(traceId) && /[^0]/.test(spanId));
        const text = `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
        expect(parseTraceparent(text)).toEqual({ traceId, spanId, isSampled: flags % 2 === 1 });
      }),
    );
  });

  it('with one character changed is ignored, or has other ids or flags of the same form', () => {
    const changed = fc.tuple(fc.nat(54), fc.string({ minLength: 1, maxLength: 1 }));
    fc.assert(
      fc.property(changed, ([at, character]) => {
        const valid = `00-${TRACE}-${SPAN}-01`;
        const parsed = parseTraceparent(valid.slice(0, at) + character + valid.slice(at + 1));
        const isHyphen = [2, 35, 52].includes(at);
        if (isHyphen ? character !== '-' : !/[0-9a-f]/.test(character)) expect(parsed).toBeUndefined();
        if (parsed)
          expect(`00-${parsed.traceId}-${parsed.spanId}-01`).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      }),
    );
  });

  it('of any text is read without an exception', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...HEX, '-', 'F', ' '), maxLength: 70 }), (text) => {
        const parsed = parseTraceparent(text);
        if (parsed) expect(text).toContain(`-${parsed.traceId}-${parsed.spanId}-`);
      }),
    );
  });
});

describe("the caller's trace context", () => {
  const valid = `00-${TRACE}-${SPAN}-01`;
  const parent = { traceId: TRACE, spanId: SPAN, isSampled: true };

  it('has the tracestate, whose lines are one list', () => {
    const fields = ['tracestate', 'a=1', 'TraceParent', valid, 'X-Other', 'b', 'Tracestate', 'c=2'];
    expect(readTraceContext(fields)).toEqual({ ...parent, state: 'a=1,c=2' });
  });

  it('has no tracestate that is longer than 512 characters', () => {
    const state = `a=${'x'.repeat(510)}`;
    expect(readTraceContext(['traceparent', valid, 'tracestate', state])).toEqual({ ...parent, state });
    const longer = readTraceContext(['traceparent', valid, 'tracestate', `${state}x`]);
    expect(longer).toEqual({ ...parent, state: undefined });
  });

  it.each([
    ['no field', []],
    ['a tracestate alone', ['tracestate', 'a=1']],
    ['two traceparents', ['traceparent', valid, 'traceparent', valid]],
    ['an invalid traceparent', ['traceparent', 'x', 'tracestate', 'a=1']],
  ])('does not exist with %s', (_, fields) => {
    expect(readTraceContext(fields)).toBeUndefined();
  });
});
