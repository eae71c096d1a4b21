/**
 * Finds one example for each class of paths that a set of routes can tell apart, so that two route tables can be asked
 * about all paths by asking about the examples.
 *
 * All patterns are put into one tree. A path leads to a set of its nodes: those that are left to match. Paths that lead to
 * the same set match the same patterns, and so have the same route. Every set is visited once, on the way that uses a
 * literal only where a pattern needs it. Elsewhere the example has a text that is no literal of any pattern, in any case, so
 * that no route is hidden there by a similar one.
 */
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

/**
 * Returns an example of each class of paths that some pattern matches, as decoded segments.
 * @throws TooManyClasses if there are more than 100,000
 */
export function pathClasses(patterns: readonly (readonly Segment[])[]): readonly (readonly string[])[] {
  const root = treeOf(patterns);
  const other = unusedText(patterns);
  const examples: (readonly string[])[] = [];
  const seen = new Set<string>();
  let level: { readonly nodes: readonly Node[]; readonly texts: readonly string[] }[] = [
    { nodes: [root], texts: [] },
  ];
  while (level.length > 0) {
    const next: typeof level = [];
    for (const { nodes, texts } of level) {
      for (const text of symbolsOf(nodes, other)) {
        const reached = nodes.flatMap((node) => follow(node, text)).sort((one, two) => one.id - two.id);
        // A path that ends in a slash goes no further: an empty segment within a path is refused.
        const key = `${text === '' ? '/' : ''}${reached.map(({ id }) => id).join(' ')}`;
        if (reached.length === 0 || seen.has(key)) continue;
        seen.add(key);
        if (seen.size > MOST_CLASSES) throw new TooManyClasses();
        const path = [...texts, text];
        if (reached.some((node) => node.isEnd || node.optionalRest)) examples.push(path);
        if (text !== '') next.push({ nodes: reached, texts: path });
      }
    }
    level = next;
  }
  return examples;
}

/** The text that is no literal comes first, so that a set of nodes is first reached with as few literals as possible. */
function symbolsOf(nodes: readonly Node[], other: string): readonly string[] {
  return [...new Set([other, ...nodes.flatMap(({ literals }) => [...literals.keys()]), ''])];
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
