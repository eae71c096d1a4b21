/** A tree of path segments, for match: finds the most specific route of a path and method, however many there are. */
import type { Segment } from '../model/route.js';

/** What each method leads to at the end of one path shape; ANY_METHOD stands for those that are not named. */
type Leaf<T> = Map<string, T>;
const ANY_METHOD = '*';

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  parameter: Node<T> | undefined;
  /** Where a `{name*}` stands for this segment and all that follow. */
  rest: Leaf<T> | undefined;
  /** Where a path ends here. */
  leaf: Leaf<T> | undefined;
}

export class Trie<T> {
  readonly #root: Node<T> = createNode();

  /** Two values of one shape and method are an error that the file's check reports; here the first one stays. */
  add(path: readonly Segment[], methods: ReadonlySet<string> | 'any', value: T): void {
    const leaf = this.#leafOf(path);
    for (const method of methods === 'any' ? [ANY_METHOD] : methods) {
      if (!leaf.has(method)) leaf.set(method, value);
    }
  }

  /** @param texts the path's segments, decoded */
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
      }
    }
    return (node.leaf ??= new Map<string, T>());
  }
}

/**
 * Tries the most specific way first and comes back where it has no route for the method. A node has one way to it,
 * so none is visited twice.
 */
function find<T>(node: Node<T>, texts: readonly string[], at: number, method: string): T | undefined {
  const text = texts[at];
  if (text === undefined) return node.leaf && selectMethod(node.leaf, method);
  const literal = node.literals.get(text);
  const found = literal && find(literal, texts, at + 1, method);
  // A placeholder never stands for an empty segment, which is what a trailing slash leaves.
  if (found !== undefined || text === '') return found;
  return (
    (node.parameter && find(node.parameter, texts, at + 1, method)) ??
    (node.rest && selectMethod(node.rest, method))
  );
}

/** A named method before any; HEAD is answered as GET is (RFC 9110 9.3.2). */
function selectMethod<T>(leaf: Leaf<T>, method: string): T | undefined {
  return leaf.get(method) ?? (method === 'HEAD' ? leaf.get('GET') : undefined) ?? leaf.get(ANY_METHOD);
}

function createNode<T>(): Node<T> {
  return { literals: new Map(), parameter: undefined, rest: undefined, leaf: undefined };
}
