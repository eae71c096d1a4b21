/**
 * Finds one example for each class of paths that a set of routes can tell apart, so that two route tables can be asked
 * about all paths by asking about the examples.
 *
 * All patterns are put into one tree. A path leads to a set of its nodes: those that are left to match. Paths that lead to
 * the same set match the same patterns. A route is also hidden by a stricter one that matches when case is ignored, or when an
 * encoded slash is read as a slash; so a path leads to a set of nodes in these readings too. Paths that lead to the same sets
 * have the same route. Every combination is visited once, on the way that uses a literal only where a pattern needs it.
 * Elsewhere the example has a text that is no literal of any pattern, in any case, so that no route is hidden there by a
 * similar one.
 */
import { foldedPath, foldedTexts } from '../match/match.js';
import type { Segment } from '../model/route.js';

interface Node {
  readonly id: number;
  readonly literals: Map<string, Node>;
  parameter: Node | undefined;
  rest: Node | undefined;
  optionalRest: Node | undefined;
  /** Whether a path that leads here is matched. */
  isEnd: boolean;
  /** Whether whatever follows is matched too. */
  readonly absorbs: boolean;
}

/** A configuration that needs more is not compared; thousands of ordinary routes need a few thousand. */
const MOST_CLASSES = 100_000;

/** There are too many combinations of overlapping patterns to compare. */
export class TooManyClasses extends Error {}

/** Where a path leads, in each reading of it. */
interface State {
  /** As it is. */
  readonly nodes: readonly Node[];
  /** Without case and without a trailing slash. */
  readonly folded: readonly Node[];
  /** The same, with encoded slashes as slashes. */
  readonly split: readonly Node[];
  /** The path, as decoded segments. */
  readonly texts: readonly string[];
}

/**
 * Returns an example of each class of paths that some pattern matches, as decoded segments.
 * @throws TooManyClasses if there are more than 100,000
 */
export function pathClasses(patterns: readonly (readonly Segment[])[]): readonly (readonly string[])[] {
  const nodes = [treeOf(patterns)];
  const folded = [treeOf(patterns.map(foldedPath))];
  const unused = unusedTexts(patterns);
  const examples: (readonly string[])[] = [];
  const seen = new Set<string>();
  let level: readonly State[] = [{ nodes, folded, split: folded, texts: [] }];
  while (level.length > 0) {
    const next: State[] = [];
    for (const state of level) {
      for (const text of symbolsOf(state.nodes, unused)) {
        const reached = advance(state, text);
        // A path that ends in a slash goes no further: an empty segment within a path is refused.
        const key = `${text === '' ? '/' : ''}${keyOf(reached)}`;
        if (reached.nodes.length === 0 || seen.has(key)) continue;
        seen.add(key);
        if (seen.size > MOST_CLASSES) throw new TooManyClasses();
        if (reached.nodes.some((node) => node.isEnd || node.optionalRest)) examples.push(reached.texts);
        if (text !== '') next.push(reached);
      }
    }
    level = next;
  }
  return examples;
}

function advance({ nodes, folded, split, texts }: State, text: string): State {
  const lenient = foldedTexts([text]);
  return {
    nodes: followAll(nodes, [text]),
    folded: followAll(folded, lenient),
    split: followAll(
      split,
      lenient.flatMap((each) => each.split('/').filter((part) => part !== '')),
    ),
    texts: [...texts, text],
  };
}

function followAll(nodes: readonly Node[], texts: readonly string[]): readonly Node[] {
  let reached = nodes;
  for (const text of texts) reached = reached.flatMap((node) => follow(node, text));
  return texts.length === 0 ? nodes : [...reached].sort((one, two) => one.id - two.id);
}

function keyOf({ nodes, folded, split }: State): string {
  return [nodes, folded, split].map((each) => each.map(({ id }) => id).join(' ')).join('|');
}

/** The texts that are no literal come first, so that a set of nodes is first reached with as few literals as possible. */
function symbolsOf(nodes: readonly Node[], unused: readonly string[]): readonly string[] {
  return [...new Set([...unused, ...nodes.flatMap(({ literals }) => [...literals.keys()]), ''])];
}

function follow(node: Node, text: string): readonly Node[] {
  if (node.absorbs) return [node];
  const reached = [node.literals.get(text), node.optionalRest];
  if (text !== '') reached.push(node.parameter, node.rest);
  return reached.filter((each) => each !== undefined);
}

function treeOf(patterns: readonly (readonly Segment[])[]): Node {
  let count = 0;
  const create = (absorbs = false): Node => ({
    id: count++,
    literals: new Map(),
    parameter: undefined,
    rest: undefined,
    optionalRest: undefined,
    isEnd: absorbs,
    absorbs,
  });
  const root = create();
  for (const pattern of patterns) {
    let node = root;
    for (const segment of pattern) {
      switch (segment.kind) {
        case 'literal': {
          const next = node.literals.get(segment.text) ?? create();
          node.literals.set(segment.text, next);
          node = next;
          break;
        }
        case 'parameter':
          node = node.parameter ??= create();
          break;
        case 'rest':
          node = node.rest ??= create(true);
          break;
        case 'optional-rest':
          node = node.optionalRest ??= create(true);
      }
    }
    node.isEnd = true;
  }
  return root;
}

/**
 * Returns a text that is no literal. Where a pattern has an encoded slash, also one that a server which reads it as a slash
 * takes for more segments than any pattern has, so that few routes are hidden.
 */
function unusedTexts(patterns: readonly (readonly Segment[])[]): readonly string[] {
  const text = unusedText(patterns);
  const hasSlash = patterns.some((pattern) =>
    pattern.some((segment) => segment.kind === 'literal' && segment.text.includes('/')),
  );
  if (!hasSlash) return [text];
  const deepest = patterns.reduce((most, { length }) => Math.max(most, length), 0);
  return [text, new Array<string>(deepest + 1).fill(text).join('/')];
}

function unusedText(patterns: readonly (readonly Segment[])[]): string {
  const used = new Set(
    patterns.flatMap((pattern) =>
      pattern.map((segment) => (segment.kind === 'literal' ? segment.text.toLowerCase() : '')),
    ),
  );
  let text = 'x';
  for (let count = 1; used.has(text); count++) text = `x${count}`;
  return text;
}
