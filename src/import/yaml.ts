/** Parses the YAML of a document, with bounds on what the parser does in quadratic time or repeats. Used by `document.ts`. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type YAMLMap,
} from 'yaml';
import { DocumentError } from './document-error.js';

/** Each merge key (`<<`) copies a map, so a few nested ones could fill the memory. */
const MAX_MERGED_KEYS = 200_000;
/** The parser looks for the anchor of each alias among all of them. */
const MAX_ALIASES = 10_000;
const MAX_OPEN_BRACKETS = 10_000;
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Parses YAML 1.2 with merge keys. An alias is a reference to the same value, not a copy.
 * @throws DocumentError where it is not valid, has a key twice, or exceeds a bound
 */
export function parseYaml(text: string): unknown {
  if (isNestedTooDeeply(text)) throw new DocumentError('the document is nested too deeply');
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
      merge: true,
      // The parser compares each key with all others of its map.
      uniqueKeys: false,
    });
    const [error] = document.errors;
    if (error)
      throw new DocumentError(
        `the document is not valid YAML: ${error.message} ${place(lines, error.pos[0])}`,
      );
    checkNodes(document, lines);
    return document.toJS({ maxAliasCount: -1 });
  } catch (error) {
    if (error instanceof DocumentError) throw error;
    throw new DocumentError('the document is not valid YAML: an alias or a merge key has no map');
  }
}

function place(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `in line ${line}, column ${col}`;
}

/** Counts open brackets, also those in texts. The parser fails sooner, but only after it has split a long text. */
function isNestedTooDeeply(text: string): boolean {
  let open = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === OPEN_BRACKET || character === OPEN_BRACE) open++;
    else if (open > 0 && (character === CLOSE_BRACKET || character === CLOSE_BRACE)) open--;
    if (open > MAX_OPEN_BRACKETS) return true;
  }
  return false;
}

/** Looks at each node once, in the order of the text, so that an anchor comes before its aliases. */
function checkNodes(document: Document.Parsed, lines: LineCounter): void {
  /** The number of keys of each map that has an anchor, with those that are merged into it. */
  const sizes = new Map<string, number>();
  let [merged, aliases] = [0, 0];
  visit(document, {
    Alias: () => {
      if (++aliases > MAX_ALIASES)
        throw new DocumentError(`the document has more than ${MAX_ALIASES} aliases`);
    },
    Map: (_key, map) => {
      checkKeys(map, lines);
      const copied = mergedInto(map, sizes);
      if (map.anchor !== undefined) sizes.set(map.anchor, map.items.length + copied);
      merged += copied;
      if (merged > MAX_MERGED_KEYS) throw new DocumentError('the document has too many merge keys (<<)');
    },
  });
}

function checkKeys({ items }: YAMLMap, lines: LineCounter): void {
  const keys = new Set<string>();
  for (const { key } of items) {
    if (!isScalar(key) || isMerge(key)) continue;
    const name = String(key.value);
    if (keys.has(name)) {
      throw new DocumentError(
        `the document has a key twice in one map, ${place(lines, key.range?.[0] ?? 0)}`,
      );
    }
    keys.add(name);
  }
}

/** The number of keys that a map gets by its merge keys. */
function mergedInto({ items }: YAMLMap, sizes: ReadonlyMap<string, number>): number {
  const sizeOf = (source: unknown): number => {
    if (isAlias(source)) return sizes.get(source.source) ?? 0;
    if (isSeq(source)) return source.items.reduce<number>((sum, each) => sum + sizeOf(each), 0);
    return isMap(source) ? source.items.length + mergedInto(source, sizes) : 0;
  };
  return items.reduce((sum, { key, value }) => sum + (isMerge(key) ? sizeOf(value) : 0), 0);
}

function isMerge(key: unknown): boolean {
  return isScalar(key) && String(key.source ?? key.value) === '<<';
}
