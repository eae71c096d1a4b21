/** Explains why a text is not YAML: where the error begins, and the likely fix. `source.ts` calls it. */
import { Lexer, type YAMLError } from 'yaml';
import { secretsIn } from './secrets.js';
import { showVariables } from './variables.js';

/** Control tokens of the lexer (document start, end of flow, scalar follows); they have no text in the file. */
const LEXER_MARKS: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001f']);

/** A syntax error with its position. */
export interface SyntaxProblem {
  /** Index into the text. */
  readonly offset: number;
  readonly text: string;
}

/** Explains a parse error of a text; for the first error only, since later ones may follow from it. */
export function explainSyntax(error: YAMLError, text: string): SyntaxProblem {
  const [offset] = error.pos;
  const rest = text
    .slice(offset, !text.includes('\n', offset) ? undefined : text.indexOf('\n', offset))
    .trim();
  const unclosed = unclosedAt(text, offset);
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset + rest.length);
  const explanation = isSecret(text, offset)
    ? explainSecret(error.code, rest)
    : explainCode(error.code, rest);
  if (explanation !== undefined) return { offset, text: explanation };
  if (unclosed) return unclosed;
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY') {
    return { offset, text: 'not valid YAML: a text with ": " in it must be in quotes' };
  }
  const keyWithoutSpace = /^\s*(?:- )?([\w-]+):(?=\S)/.exec(line)?.[1];
  if (keyWithoutSpace !== undefined)
    return { offset, text: `not valid YAML: a space is missing behind "${keyWithoutSpace}:"` };
  if (error.code === 'BAD_INDENT' || error.message.startsWith('Sequence item without')) {
    return {
      offset,
      text: 'not valid YAML: the line is indented neither as the one above nor as a part of it',
    };
  }
  return { offset, text: `not valid YAML: ${showVariables(error.message)}` };
}

/** Whether the text at the offset may be a credential, which no message may repeat. */
export function isSecret(text: string, offset: number): boolean {
  const from = text.lastIndexOf('\n', offset - 1) + 1;
  const line = text.slice(from).split('\n', 1)[0] ?? '';
  return secretsIn(line).some(({ start, end }) => start <= offset - from && offset - from < end);
}

/** Explains an error code without quoting the text. */
function explainSecret(code: YAMLError['code'], rest: string): string | undefined {
  if (code === 'BAD_ALIAS' || code === 'BAD_SCALAR_START') return mustBeQuoted(rest.charAt(0));
  return code === 'TAG_RESOLVE_FAILED' ? mustBeQuoted('!') : explainCode(code, '');
}

/** The message for a text that begins with a YAML indicator. */
export function mustBeQuoted(first: string): string {
  return `not valid YAML: a text that begins with "${first}" must be in quotes`;
}

/** Explains errors by their code alone; an open quote or bracket does not matter for these. */
function explainCode(code: YAMLError['code'], rest: string): string | undefined {
  if (code === 'DUPLICATE_KEY') {
    const key = /^[^\s:]+/.exec(rest)?.[0] ?? '';
    return `duplicate key "${showVariables(key)}"; a key may stand once`;
  }
  if (code === 'MULTIPLE_DOCS') return 'a second document starts here; the file must be one';
  if (code === 'TAB_AS_INDENT') return 'not valid YAML: lines are indented with spaces, not with tabs';
  if (code === 'BAD_ALIAS' || code === 'BAD_SCALAR_START') {
    return `${mustBeQuoted(rest.charAt(0))}: ${quoteText(rest)}`;
  }
  return undefined;
}

/** Quotes a text of the file, without the comment after it. */
function quoteText(rest: string): string {
  const value = showVariables(rest.replace(/\s+#.*$/, ''));
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** Finds the quote or bracket that is not closed at the error. */
function unclosedAt(text: string, end: number): SyntaxProblem | undefined {
  const unclosed: SyntaxProblem[] = [];
  let quote: SyntaxProblem | undefined;
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (LEXER_MARKS.has(lexeme)) continue;
    if (offset > end) break;
    const character = lexeme.charAt(0);
    const found = { offset, text: `not valid YAML: the ${character} here is not closed` };
    if (character === '[' || character === '{') unclosed.push(found);
    else if (character === ']' || character === '}') unclosed.pop();
    else if (character === '"' || character === "'") {
      const isOpen = lexeme.length === 1 || !lexeme.endsWith(character);
      // For a text of several lines that ends before the error: a later quote closed it, where its own was missing.
      quote = isOpen || lexeme.includes('\n') ? found : undefined;
    }
    offset += lexeme.length;
  }
  return quote ?? unclosed.at(-1);
}
