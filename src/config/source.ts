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
  type YAMLMap,
} from 'yaml';
import { explainSyntax, isSecret, mustBeQuoted } from './syntax.js';
import { hideVariables, showVariables } from './variables.js';
import { ParseError, formatPath, Problem, type Path, type SourceLocation } from './problem.js';

/** No configuration needs more; a parser may be brought down by much more. */
export const DEEPEST = 64;

export interface Source {
  /** What it is called: the file's path, or a word. */
  readonly name: string;
  /** As written, before `${NAME}` is replaced. */
  readonly value: unknown;
  problem(path: Path, text: string, spot: SourceLocation): Problem;
  /** Its line from 1, or 0 where there is no file. */
  line(path: Path): number;
}

export function objectSource(value: unknown): Source {
  const name = 'configuration';
  return {
    name,
    value,
    problem: (path, text) => new Problem(formatPath(path) || name, 0, 0, text),
    line: () => 0,
  };
}

/**
 * Reads YAML 1.2 with merge keys. `problems` are those of its syntax: one, since what a parser finds behind the first may
 * follow from it. Doubled keys are all told, and leave the rest readable; after anything else `value` is a guess.
 */
export function yamlSource(
  file: string,
  written: string,
): { source: Source; problems: Problem[]; broken: boolean } {
  const lines = new LineCounter();
  const texts = written.split('\n');
  const at = (offset: number, words: string): Problem => {
    const { line, col } = lines.linePos(offset);
    const row = Math.max(line, 1);
    return new Problem(file, row, Math.max(col, 1), words, texts[row - 1]);
  };
  const deep = tooDeep(written);
  const text = deep ? '' : hideVariables(written);
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    merge: true,
  });
  const lost = unresolvedAliases(document);
  const value = lost.length ? undefined : plainValue(document);
  const errors = [...document.errors, ...document.warnings];
  const doubled = errors.filter(({ code }) => code === 'DUPLICATE_KEY');
  const [first] = errors
    .filter((error) => !doubled.includes(error))
    .sort((one, other) => one.pos[0] - other.pos[0]);
  const problems = (first ? [first] : doubled).map((error) => {
    const { offset, text: words } = explainSyntax(error, text);
    return at(offset, words);
  });
  if (deep) problems.push(new Problem(file, 1, 1, 'the file is nested too deeply'));
  else if (!first) {
    for (const alias of lost) {
      const offset = alias.range?.[0] ?? 0;
      problems.push(at(offset, isSecret(text, offset) ? mustBeQuoted('*') : lostAlias(alias.source)));
    }
    if (value instanceof ParseError) problems.push(new Problem(file, 1, 1, value.text));
  }
  const broken = deep || first !== undefined || lost.length > 0 || value instanceof ParseError;
  const spotOf = (path: Path, spot: SourceLocation): number => find(document, path, spot)?.range?.[0] ?? 0;
  const source: Source = {
    name: file,
    value: broken ? undefined : shownValue(value, []),
    problem: (path, words, spot) => at(spotOf(path, spot), words),
    line: (path) => lines.linePos(spotOf(path, 'value')).line,
  };
  return { source, problems, broken };
}

/** A copy in which the variables of all texts, and of keys, are as they were written; what contains itself is left. */
function shownValue(value: unknown, within: readonly object[]): unknown {
  if (typeof value === 'string') return showVariables(value);
  if (typeof value !== 'object' || value === null) return value;
  if (within.includes(value) || within.length > DEEPEST) return value;
  const inner = [...within, value];
  if (Array.isArray(value)) return value.map((each) => shownValue(each, inner));
  const copy: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    Object.defineProperty(copy, showVariables(key), {
      value: shownValue(each, inner),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return copy;
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
function unresolvedAliases(document: Document.Parsed): readonly Alias[] {
  const lost: Alias[] = [];
  visit(document, {
    Alias: (_key, alias) => {
      if (!alias.resolve(document)) lost.push(alias);
    },
  });
  return lost;
}

function lostAlias(name: string): string {
  return `the alias *${name} has no anchor &${name} before it; a text that begins with "*" must be in quotes`;
}

/** Each alias is copied where it stands: a few of them, nested, could fill the memory. */
function plainValue(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return new ParseError('the file has too many aliases');
  }
}

/** The node that a path leads to, or the nearest one above it that exists. */
function find(document: Document.Parsed, path: Path, spot: SourceLocation): Node | null {
  let node: Node | null = document.contents;
  let place: Node | null = node;
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    if (isMap(node)) {
      const pair = pairOf(document, node, String(step));
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

/** The pair of a key, in the map itself or else in what is merged into it (`<<`). */
function pairOf(document: Document.Parsed, map: YAMLMap, key: string, depth = 0): Pair | undefined {
  const own = map.items.findLast(
    (each) => isScalar(each.key) && showVariables(String(each.key.value)) === key,
  );
  if (own || depth > DEEPEST) return own;
  for (const { key: name, value } of map.items) {
    if (!isScalar(name) || String(name.source ?? name.value) !== '<<') continue;
    for (const each of isSeq(value) ? value.items : [value]) {
      const merged = isAlias(each) ? each.resolve(document) : each;
      const found = isMap(merged) ? pairOf(document, merged, key, depth + 1) : undefined;
      if (found) return found;
    }
  }
  return undefined;
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
