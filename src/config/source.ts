/** Reads a configuration from a YAML file or an object, and finds the location of a path in it. `config.ts` calls it. */
import { createHash } from 'node:crypto';
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
import { hideNestedSecrets } from './secret-nodes.js';
import { hideVariables, showVariables } from './variables.js';
import { ParseError, formatPath, Problem, type Path, type SourceLocation } from './problem.js';

/** The limit of nesting. No configuration needs more; much more can crash a parser. */
export const DEEPEST = 64;

/** A configuration before validation, with the locations of its paths. */
export interface Source {
  /** The file's path, or `configuration`. */
  readonly name: string;
  /** SHA-256 of the file's text, in hex; undefined without a file. */
  readonly digest: string | undefined;
  /** The value before `${NAME}` is replaced. */
  readonly value: unknown;
  /** Makes a problem at the location of a path. */
  problem(path: Path, text: string, location: SourceLocation): Problem;
  /** The line of a path, from 1; 0 without a file. */
  line(path: Path): number;
}

/** Makes a source of an object; problems have its paths instead of lines. */
export function objectSource(value: unknown): Source {
  const name = 'configuration';
  return {
    name,
    digest: undefined,
    value,
    problem: (path, text) => new Problem(formatPath(path) || name, 0, 0, text),
    line: () => 0,
  };
}

/**
 * Reads YAML 1.2 with merge keys.
 * @returns `problems` of the syntax: only the first, since later ones may follow from it. Duplicate keys are all
 *   reported, and the rest stays readable. After any other problem `broken` is true and `value` is undefined.
 */
export function yamlSource(
  file: string,
  raw: string,
): { source: Source; problems: Problem[]; broken: boolean } {
  const lines = new LineCounter();
  let sourceLines: readonly string[] | undefined;
  const problemAt = (offset: number, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    const row = Math.max(line, 1);
    sourceLines ??= hideNestedSecrets(raw, document).split('\n');
    return new Problem(file, row, Math.max(col, 1), message, sourceLines[row - 1]);
  };
  const isTooDeep = isNestedTooDeeply(raw);
  const text = isTooDeep ? '' : hideVariables(raw);
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    merge: true,
  });
  const unresolved = unresolvedAliases(document);
  const value = unresolved.length ? undefined : plainValue(document);
  const errors = [...document.errors, ...document.warnings];
  const duplicates = errors.filter(({ code }) => code === 'DUPLICATE_KEY');
  const [first] = errors
    .filter((error) => !duplicates.includes(error))
    .sort((one, other) => one.pos[0] - other.pos[0]);
  const problems = (first ? [first] : duplicates).map((error) => {
    const { offset, text: message } = explainSyntax(error, text);
    return problemAt(offset, message);
  });
  if (isTooDeep) problems.push(new Problem(file, 1, 1, 'the file is nested too deeply'));
  else if (!first) {
    for (const alias of unresolved) {
      const offset = alias.range?.[0] ?? 0;
      problems.push(
        problemAt(offset, isSecret(text, offset) ? mustBeQuoted('*') : unresolvedAlias(alias.source)),
      );
    }
    if (value instanceof ParseError) problems.push(new Problem(file, 1, 1, value.text));
  }
  const broken = isTooDeep || first !== undefined || unresolved.length > 0 || value instanceof ParseError;
  const offsetOf = (path: Path, location: SourceLocation): number =>
    findNode(document, path, location)?.range?.[0] ?? 0;
  const source: Source = {
    name: file,
    digest: createHash('sha256').update(raw).digest('hex'),
    value: broken ? undefined : restoreVariables(value, []),
    problem: (path, message, location) => problemAt(offsetOf(path, location), message),
    line: (path) => lines.linePos(offsetOf(path, 'value')).line,
  };
  return { source, problems, broken };
}

/** Copies a value with the variables in its texts and keys restored. A value that contains itself is not copied. */
function restoreVariables(value: unknown, ancestors: readonly object[]): unknown {
  if (typeof value === 'string') return showVariables(value);
  if (typeof value !== 'object' || value === null) return value;
  if (ancestors.includes(value) || ancestors.length > DEEPEST) return value;
  const nextAncestors = [...ancestors, value];
  if (Array.isArray(value)) return value.map((each) => restoreVariables(each, nextAncestors));
  const copy: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    Object.defineProperty(copy, showVariables(key), {
      value: restoreVariables(each, nextAncestors),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return copy;
}

/** Counts open brackets, also in comments and texts: an upper bound without parsing. */
function isNestedTooDeeply(text: string): boolean {
  let open = 0;
  for (const character of text) {
    if (character === '[' || character === '{') open++;
    else if (character === ']' || character === '}') open = Math.max(0, open - 1);
    if (open > DEEPEST) return true;
  }
  // Each dash of `- - - -` opens a nested list.
  return new RegExp(`(?:[-?:] +){${DEEPEST}}`).test(text);
}

/** Finds aliases without an anchor. The parser does not report them as errors. */
function unresolvedAliases(document: Document.Parsed): readonly Alias[] {
  const unresolved: Alias[] = [];
  visit(document, {
    Alias: (_key, alias) => {
      if (!alias.resolve(document)) unresolved.push(alias);
    },
  });
  return unresolved;
}

function unresolvedAlias(name: string): string {
  return `the alias *${name} has no anchor &${name} before it; a text that begins with "*" must be in quotes`;
}

/** Limits aliases: each use is a copy, so a few nested ones could fill the memory. */
function plainValue(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return new ParseError('the file has too many aliases');
  }
}

/** Finds the node of a path, or its nearest existing ancestor. */
function findNode(document: Document.Parsed, path: Path, location: SourceLocation): Node | null {
  let node: Node | null = document.contents;
  let nearest: Node | null = node;
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    if (isMap(node)) {
      const pair = pairOf(document, node, String(step));
      if (!pair) return nearest;
      node = isNode(pair.value) ? pair.value : null;
      nearest = location === 'key' && index === path.length - 1 ? keyOf(pair) : displayNode(pair);
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(step)];
      if (!isNode(item)) return nearest;
      nearest = node = item;
    } else return nearest;
  }
  return nearest;
}

/** Finds the pair of a key in the map, or else in a map that is merged into it (`<<`). */
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

/** A value that spans lines, or is empty, is shown by its key. */
function displayNode(pair: Pair): Node | null {
  const value = pair.value;
  if (!isNode(value) || isCollection(value)) return keyOf(pair);
  const empty = isScalar(value) && value.value === null && value.source === '';
  return empty ? keyOf(pair) : value;
}

function keyOf(pair: Pair): Node | null {
  return isNode(pair.key) ? pair.key : null;
}
