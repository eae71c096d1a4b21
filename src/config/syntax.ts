/** What is wrong with a text that is not YAML: where it begins, and the likely remedy. */
import { Lexer, type YAMLError } from 'yaml';
import { secretsIn } from './secrets.js';
import { showVariables } from './variables.js';

/** Tokens of the lexer's own (document start, end of flow, scalar follows), which stand for nothing in the text. */
const LEXER_MARKS: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001f']);

export interface SyntaxFlaw {
  /** Index into the text. */
  readonly offset: number;
  readonly text: string;
}

/** The first error alone: all that a parser finds behind it may follow from it. */
export function explainSyntax(error: YAMLError, text: string): SyntaxFlaw {
  const [offset] = error.pos;
  const rest = text
    .slice(offset, !text.includes('\n', offset) ? undefined : text.indexOf('\n', offset))
    .trim();
  const open = openAt(text, offset);
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset + rest.length);
  const known = isSecret(text, offset) ? explainSecret(error.code, rest) : explainCode(error.code, rest);
  if (known !== undefined) return { offset, text: known };
  if (open) return open;
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY') {
    return { offset, text: 'not valid YAML: a text with ": " in it must be in quotes' };
  }
  const glued = /^\s*(?:- )?([\w-]+):(?=\S)/.exec(line)?.[1];
  if (glued !== undefined) return { offset, text: `not valid YAML: a space is missing behind "${glued}:"` };
  if (error.code === 'BAD_INDENT' || error.message.startsWith('Sequence item without')) {
    return {
      offset,
      text: 'not valid YAML: the line is indented neither as the one above nor as a part of it',
    };
  }
  return { offset, text: `not valid YAML: ${showVariables(error.message)}` };
}

/** Whether what stands there may be a credential, which no message may repeat. */
export function isSecret(text: string, offset: number): boolean {
  const from = text.lastIndexOf('\n', offset - 1) + 1;
  const line = text.slice(from).split('\n', 1)[0] ?? '';
  return secretsIn(line).some(({ start, end }) => start <= offset - from && offset - from < end);
}

/** The same as for other texts, without the text. */
function explainSecret(code: YAMLError['code'], rest: string): string | undefined {
  if (code === 'BAD_ALIAS' || code === 'BAD_SCALAR_START') return mustBeQuoted(rest.charAt(0));
  return code === 'TAG_RESOLVE_FAILED' ? mustBeQuoted('!') : explainCode(code, '');
}

/** Where a text begins with what means something to YAML. */
export function mustBeQuoted(first: string): string {
  return `not valid YAML: a text that begins with "${first}" must be in quotes`;
}

/** Errors whose code alone says what is wrong, wherever a quote or a bracket is open. */
function explainCode(code: YAMLError['code'], rest: string): string | undefined {
  if (code === 'DUPLICATE_KEY') {
    const key = /^[^\s:]+/.exec(rest)?.[0] ?? '';
    return `duplicate key "${showVariables(key)}"; a key may stand once`;
  }
  if (code === 'MULTIPLE_DOCS') return 'a second document starts here; the file must be one';
  if (code === 'TAB_AS_INDENT') return 'not valid YAML: lines are indented with spaces, not with tabs';
  if (code === 'BAD_ALIAS' || code === 'BAD_SCALAR_START') {
    return `${mustBeQuoted(rest.charAt(0))}: ${quoted(rest)}`;
  }
  return undefined;
}

/** A text as it stands in the file, put into quotes; a comment behind it is not of it. */
function quoted(rest: string): string {
  const value = showVariables(rest.replace(/\s+#.*$/, ''));
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** The quote or bracket that is open where the error was found. */
function openAt(text: string, end: number): SyntaxFlaw | undefined {
  const open: SyntaxFlaw[] = [];
  let quote: SyntaxFlaw | undefined;
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (LEXER_MARKS.has(lexeme)) continue;
    if (offset > end) break;
    const mark = lexeme.charAt(0);
    const flaw = { offset, text: `not valid YAML: the ${mark} that stands here is not closed` };
    if (mark === '[' || mark === '{') open.push(flaw);
    else if (mark === ']' || mark === '}') open.pop();
    else if (mark === '"' || mark === "'") {
      const isOpen = lexeme.length === 1 || !lexeme.endsWith(mark);
      // A text over several lines that ends before the error: a later quote has closed what should have ended before.
      quote = isOpen || lexeme.includes('\n') ? flaw : undefined;
    }
    offset += lexeme.length;
  }
  return quote ?? open.at(-1);
}
