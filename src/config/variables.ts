/**
 * Hides `${NAME}` from the YAML parser, which would read the braces as its own between `{ }` and `[ ]`.
 *
 * The characters of a variable are moved to Unicode's private use area one by one, so that every position stays the same.
 */
const START = 0xe000;
const HIDDEN = /[\uE000-\uE07F]/g;
/** Quotes and backslashes are kept, since they have a meaning in a quoted YAML text. */
const HIDE = /[^\w"'\\\n\r]/g;

/** Hides the variables of a text. A text that already has such characters is returned unchanged. */
export function hideVariables(text: string): string {
  if (/[\uE000-\uE07F]/.test(text)) return text;
  return text.replace(/\$\{[^}\n]*\}/g, (variable) =>
    variable.replace(HIDE, (character) =>
      character.charCodeAt(0) < 0x80 ? String.fromCharCode(START + character.charCodeAt(0)) : character,
    ),
  );
}

/** Restores the variables of a text. */
export function showVariables(text: string): string {
  return text.replace(HIDDEN, (character) => String.fromCharCode(character.charCodeAt(0) - START));
}
