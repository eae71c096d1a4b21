/**
 * `${NAME}` in a YAML text, hidden from the YAML parser: between `{ }` and `[ ]` it would take the braces for its own.
 *
 * What stands in `${ }` is moved to the private use area, character by character, so that every position stays what it is.
 */
const START = 0xe000;
const HIDDEN = /[\uE000-\uE07F]/g;
/** Quotes and backslashes stay, since in a quoted text they mean something to YAML. */
const HIDE = /[^\w"'\\\n\r]/g;

/** The text with its variables hidden; a text that has such characters already is left as it is. */
export function hideVariables(text: string): string {
  if (/[\uE000-\uE07F]/.test(text)) return text;
  return text.replace(/\$\{[^}\n]*\}/g, (variable) =>
    variable.replace(HIDE, (mark) =>
      mark.charCodeAt(0) < 0x80 ? String.fromCharCode(START + mark.charCodeAt(0)) : mark,
    ),
  );
}

/** The text as it was written. */
export function showVariables(text: string): string {
  return text.replace(HIDDEN, (mark) => String.fromCharCode(mark.charCodeAt(0) - START));
}
