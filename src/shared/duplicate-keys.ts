/**
 * Finds a JSON object with a duplicate name, at any depth, for tokens and for imported documents.
 *
 * JSON parsers differ in which of the two they keep, so such a text means different things to different readers
 * (RFC 7515 4 and RFC 7519 4: names must be unique). JSON.parse silently keeps the last.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * Whether any object of a JSON text has a name twice.
 * @param json a text that JSON.parse has accepted: the scan relies on it
 */
export function hasDuplicateKeys(json: string): boolean {
  /** The names of each object that encloses the position; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < json.length; at++) {
    switch (json.charAt(at)) {
      case '{':
        open.push(new Set());
        break;
      case '[':
        open.push(undefined);
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case '"': {
        const end = endOfString(json, at);
        const names = open.at(-1);
        if (names && isName(json, end)) {
          const name = textOf(json.slice(at, end));
          if (names.has(name)) return true;
          names.add(name);
        }
        at = end - 1;
      }
    }
  }
  return false;
}

/** The index after the closing quote. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  for (let char = json.charCodeAt(at); char !== QUOTE; char = json.charCodeAt(at)) {
    at += char === BACKSLASH ? 2 : 1;
  }
  return at + 1;
}

/** Whether a colon follows the string. Only JSON's white space can be in between (RFC 8259 2). */
function isName(json: string, end: number): boolean {
  let at = end;
  while (json.charCodeAt(at) <= 0x20) at++;
  return json.charCodeAt(at) === COLON;
}

/** Decodes escapes, since `"\u0065xp"` and `"exp"` are one name. */
function textOf(literal: string): string {
  return literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
}
