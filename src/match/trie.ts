/** A tree of path segments for `route-table.ts`: finds the most specific route without looking at every route. */
import type { Segment } from '../model/route.js';

/** The values of one path by method; ANY_METHOD represents the methods that are not named. */
type Leaf<T> = Map<string, T>;
const ANY_METHOD = '*';

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  parameter: Node<T> | undefined;
  /** The values of a `{name*}`, which matches this segment and all that follow. */
  rest: Leaf<T> | undefined;
  /** The values of a `{name**}`, which matches also where the path ends here, with or without a slash. */
  optionalRest: Leaf<T> | undefined;
  /** The values of the path that ends here. */
  leaf: Leaf<T> | undefined;
}

/** Maps paths with placeholders, by method, to values. */
export class Trie<T> {
  readonly #root: Node<T> = createNode();

  /** Adds a value. Of two values with one path and method the first is kept; the configuration reports them as an error. */
  add(path: readonly Segment[], methods: ReadonlySet<string> | 'any', value: T): void {
    const leaf = this.#leafOf(path);
    for (const method of methods === 'any' ? [ANY_METHOD] : methods) {
      if (!leaf.has(method)) leaf.set(method, value);
    }
  }

  /**
   * Returns the value of the most specific path that matches.
   *
   * @param texts the request's segments, decoded
   */
  find(texts: readonly string[], method: string): T | undefined {
    return find(this.#root, texts, 0, method);
  }

  #leafOf(path: readonly Segment[]): Leaf<T> {
    let node = this.#root;
    for (const segment of path) {
      switch (segment.kind) {
        case 'literal': {
          let next = node.literals.get(segment.text);
          if (next === undefined) node.literals.set(segment.text, (next = createNode()));
          node = next;
          break;
        }
        case 'parameter':
          node = node.parameter ??= createNode();
          break;
        case 'rest':
          return (node.rest ??= new Map<string, T>());
        case 'optional-rest':
          return (node.optionalRest ??= new Map<string, T>());
      }
    }
    return (node.leaf ??= new Map<string, T>());
  }
}

/**
 * Tries the most specific branch first and backtracks where it has no value for the method. Each node has one parent, so
 * none is searched twice.
 */
function find<T>(node: Node<T>, texts: readonly string[], at: number, method: string): T | undefined {
  const text = texts[at];
  if (text === undefined) return selectMethod(node.leaf, method) ?? selectMethod(node.optionalRest, method);
  const literal = node.literals.get(text);
  const found = literal && find(literal, texts, at + 1, method);
  if (found !== undefined) return found;
  // Only an optional rest matches an empty segment, which is what a trailing slash gives.
  if (text === '') return selectMethod(node.optionalRest, method);
  return (
    (node.parameter && find(node.parameter, texts, at + 1, method)) ??
    selectMethod(node.rest, method) ??
    selectMethod(node.optionalRest, method)
  );
}

/** A named method comes before `*`. HEAD uses the route of GET (RFC 9110 9.3.2). */
function selectMethod<T>(leaf: Leaf<T> | undefined, method: string): T | undefined {
  if (leaf === undefined) return undefined;
  return leaf.get(method) ?? (method === 'HEAD' ? leaf.get('GET') : undefined) ?? leaf.get(ANY_METHOD);
}

function createNode<T>(): Node<T> {
  return {
    literals: new Map(),
    parameter: undefined,
    rest: undefined,
    optionalRest: undefined,
    leaf: undefined,
  };
}
