/** Where a configuration comes from, a YAML file or an object, and how a place in it is told to a person. */
import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type Node,
  type Pair,
  type YAMLError,
} from 'yaml';
import { Flaw, formatPath, Problem, type Path, type Spot } from './problem.js';

/** No configuration needs more; a parser may be brought down by much more. */
export const DEEPEST = 64;

export interface Source {
  /** What it is called: the file's path, or a word. */
  readonly name: string;
  /** As written, before `${NAME}` is replaced. */
  readonly value: unknown;
  /** A text in quotes stays a text, whatever it looks like. */
  isQuoted(path: Path): boolean;
  problem(path: Path, text: string, spot: Spot): Problem;
  /** Its line from 1, or 0 where there is no file. */
  line(path: Path): number;
}

export function objectSource(value: unknown): Source {
  const name = 'configuration';
  return {
    name,
    value,
    isQuoted: () => false,
    problem: (path, text) => new Problem(formatPath(path) || name, 0, 0, text),
    line: () => 0,
  };
}

/** Reads YAML 1.2. `problems` are those of its syntax; where there are others than doubled keys, `value` is a guess. */
export function yamlSource(
  file: string,
  text: string,
): { source: Source; problems: Problem[]; broken: boolean } {
  const lines = new LineCounter();
  const at = (offset: number, words: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return new Problem(file, Math.max(line, 1), Math.max(col, 1), words);
  };
  const deep = tooDeep(text);
  const document = parseDocument(deep ? '' : text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
  });
  const problems = [...untilLost(document.errors), ...document.warnings].map((error) =>
    at(error.pos[0], wordsOf(error, text)),
  );
  const lost = lostAliases(document);
  for (const alias of lost) {
    problems.push(
      at(alias.range?.[0] ?? 0, `the alias *${alias.source} has no anchor &${alias.source} before it`),
    );
  }
  if (deep) problems.push(new Problem(file, 1, 1, 'the file is nested too deeply'));
  const value = lost.length ? undefined : plainValue(document);
  if (value instanceof Flaw) problems.push(new Problem(file, 1, 1, value.text));
  const broken = problems.length > document.errors.filter((error) => error.code === 'DUPLICATE_KEY').length;
  const spotOf = (path: Path, spot: Spot): number => find(document, path, spot)?.range?.[0] ?? 0;
  const source: Source = {
    name: file,
    value: broken ? undefined : value,
    isQuoted: (path) => {
      const node = find(document, path, 'value');
      return isScalar(node) && node.type !== 'PLAIN';
    },
    problem: (path, words, spot) => at(spotOf(path, spot), words),
    line: (path) => lines.linePos(spotOf(path, 'value')).line,
  };
  return { source, problems, broken };
}

/** After the first token that does not belong where it stands, a parser finds fault with all that follow. */
function untilLost(errors: readonly YAMLError[]): readonly YAMLError[] {
  const lost = errors.findIndex((error) => error.code === 'UNEXPECTED_TOKEN');
  return lost === -1 ? errors : errors.slice(0, lost + 1);
}

function wordsOf(error: YAMLError, text: string): string {
  if (error.code === 'DUPLICATE_KEY') {
    const key = /^[^\s:]+/.exec(text.slice(error.pos[0]))?.[0] ?? '';
    return `duplicate key "${key}"; a key may stand once`;
  }
  if (error.code === 'MULTIPLE_DOCS') return 'a second document starts here; the file must be one';
  if (error.code === 'UNEXPECTED_TOKEN' && text.startsWith('${', error.pos[0] - 1)) {
    return 'a value with ${...} must be in quotes between { } or [ ]';
  }
  return `not valid YAML: ${error.message}`;
}

/** Brackets that are open at once, those in comments and texts included: a bound, not a parse. */
function tooDeep(text: string): boolean {
  let open = 0;
  for (const mark of text) {
    if (mark === '[' || mark === '{') open++;
    else if (mark === ']' || mark === '}') open = Math.max(0, open - 1);
    if (open > DEEPEST) return true;
  }
  // `- - - -` opens a list in a list with every dash.
  return new RegExp(`(?:[-?:] +){${DEEPEST}}`).test(text);
}

/** Aliases without an anchor are no errors of the syntax to the parser, but there is nothing that they stand for. */
function lostAliases(document: Document.Parsed): readonly Alias[] {
  const lost: Alias[] = [];
  visit(document, {
    Alias: (_key, alias) => {
      if (!alias.resolve(document)) lost.push(alias);
    },
  });
  return lost;
}

/** Each alias is copied where it stands: a few of them, nested, could fill the memory. */
function plainValue(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return new Flaw('the file has too many aliases');
  }
}

/** The node that a path leads to, or the nearest one above it that exists. */
function find(document: Document.Parsed, path: Path, spot: Spot): Node | null {
  let node: Node | null = document.contents;
  let place: Node | null = node;
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    if (isMap(node)) {
      const pair = node.items.findLast(
        (each) => isScalar(each.key) && String(each.key.value) === String(step),
      );
      if (!pair) return place;
      node = isNode(pair.value) ? pair.value : null;
      place = spot === 'key' && index === path.length - 1 ? keyOf(pair) : shown(pair);
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(step)];
      if (!isNode(item)) return place;
      place = node = item;
    } else return place;
  }
  return place;
}

/** A value that spans lines, or that is not there, is best shown by its key. */
function shown(pair: Pair): Node | null {
  const value = pair.value;
  if (!isNode(value) || isCollection(value)) return keyOf(pair);
  const empty = isScalar(value) && value.value === null && value.source === '';
  return empty ? keyOf(pair) : value;
}

function keyOf(pair: Pair): Node | null {
  return isNode(pair.key) ? pair.key : null;
}
