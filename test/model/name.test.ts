import { describe, expect, it } from 'vitest';
import { nameProblem } from '../../src/model/name.js';

describe('A name', () => {
  it.each([
    ['Reports'],
    ['<script>alert(1)</script>'],
    ['שלום עالم'],
    ['می‌خواهم'],
    ['👩‍👩‍👧‍👦 family'],
    ['🏴󠁧󠁢󠁳󠁣󠁴󠁿'],
    ['e\u0301'],
    ['\u{1f680}'.repeat(256)],
  ])('may be in any script, with emoji and joiners: %s', (name) => {
    expect(nameProblem(name)).toBeUndefined();
  });

  it.each([
    ['blanks', '  \t '],
    ['spaces of other widths', '\u00a0\u3000'],
    ['zero-width characters', '\u200b\u200d\ufeff'],
    ['combining marks alone', '\u0301'],
    ['letters that are drawn as nothing', '\u3164\u2800'],
    ['nothing', ''],
  ])('must show something, not only %s', (_, name) => {
    expect(nameProblem(name)).toMatch(/at least one character that can be seen/);
  });

  it.each([
    ['U+202E', 'invoice\u202efdp.exe'],
    ['U+2066', 'a\u2066b'],
    ['U+001B', 'a\u001b[31mb'],
    ['U+2028', 'a\u2028b'],
    ['U+D800', 'a\ud800b'],
  ])('does not have %s', (found, name) => {
    expect(nameProblem(name)).toMatch(new RegExp(`must not have .*: ${found.replace('+', '\\+')}$`));
  });

  it('has at most 256 characters; an emoji is one', () => {
    expect(nameProblem('\u{1f680}'.repeat(1000))).toBe('has 1000 characters; at most 256 are possible');
  });
});
