/** The rule for names that people choose: of apps, users, organizations, owners and named tokens. */

/** Of an app, a user, an organization or an owner; in characters. */
const MAX_NAME = 256;

/**
 * What no name has: control characters, line and paragraph separators, half surrogate pairs, and the embeddings, overrides and
 * isolates that let a text be read in another order than it is written (UAX #9, section 2).
 */
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** Spaces, control and format characters, combining marks without a letter, and letters that are drawn as nothing. */
const INVISIBLE = /[\p{Z}\p{Cc}\p{Cf}\p{M}\u115f\u1160\u3164\uffa0\u2800]/gu;

/** Returns what is wrong with a name, to be read after what it names: `must have …`; undefined where nothing is. */
export function nameProblem(text: string): string | undefined {
  if (text.replace(INVISIBLE, '') === '') return 'must have at least one character that can be seen';
  const length = Array.from(text).length;
  if (length > MAX_NAME) return `has ${length} characters; at most ${MAX_NAME} are possible`;
  const found = forbiddenCharacter(text);
  return found && `must not have control characters, or characters that reverse its direction: ${found}`;
}

/** Returns the first character that no name has, as `U+202E`; undefined where there is none. */
export function forbiddenCharacter(text: string): string | undefined {
  const found = FORBIDDEN.exec(text)?.[0].codePointAt(0);
  return found === undefined ? undefined : `U+${found.toString(16).toUpperCase().padStart(4, '0')}`;
}
