/**
 * Texts that others chose, with what cannot be seen made visible. Names are checked as they are created; those of tokens of
 * other issuers, and names from before that rule, are not.
 */

/** What a reader would not see, or what reverses the order of the text around it; letters that are drawn as nothing too. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u2800]/u;
const JOINER = /[\u200c\u200d]/;
/** Of the flags of regions, after a black flag. */
const TAG = /[\u{e0020}-\u{e007f}]/u;
const MARK = /\p{M}/u;
/** More combining marks at one letter would cover the lines around it. */
const MOST_MARKS = 4;

/** Returns a text in which each invisible character is written `⟨U+202E⟩`, and excessive combining marks are counted. */
export function visibleText(text: string): string {
  let shown = '';
  let marks = 0;
  let before = '';
  for (const character of text) {
    const isMark = MARK.test(character);
    if (!isMark && marks > MOST_MARKS) shown += `⟨${marks - MOST_MARKS} more marks⟩`;
    marks = isMark ? marks + 1 : 0;
    if (marks <= MOST_MARKS) shown += isSeen(character, before) ? character : codeOf(character);
    before = character;
  }
  return marks > MOST_MARKS ? `${shown}⟨${marks - MOST_MARKS} more marks⟩` : shown;
}

/** Emoji and several scripts need joiners; between Latin letters a joiner only hides. */
function isSeen(character: string, before: string): boolean {
  if (!UNSEEN.test(character)) return true;
  if (JOINER.test(character)) return before > '\u02ff' && !UNSEEN.test(before);
  return TAG.test(character) && (before === '\u{1f3f4}' || TAG.test(before));
}

function codeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}
