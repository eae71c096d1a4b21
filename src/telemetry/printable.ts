/** Makes texts of clients safe for a terminal. Called by `pretty.ts`. */

/** Control characters, invisible ones that reorder or hide text, other line ends, and halves of surrogate pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
/** What a value may have without quotes: then nothing in it looks like another field. */
const PLAIN = /^[^\s"'=]+$/u;

/** Returns a text in which every character that is not visible is written as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** Returns a field's value in one line: in quotes where it has spaces or quotes, objects as JSON. */
export function printableValue(value: unknown): string {
  if (typeof value !== 'string') return printable(JSON.stringify(value));
  return printable(PLAIN.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`);
}
