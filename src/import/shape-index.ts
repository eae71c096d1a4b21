/** Finds the templates that may have a path in common with another one, without comparing it with each of them. */
import type { TemplateSegment } from './path.js';
import type { Shape } from './overlap.js';

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  /** Parameters and segments that no route can have. */
  other: Node<T> | undefined;
  /** The values whose shape ends here. */
  readonly ends: T[];
  /** The values whose shape has any number of further segments from here on. */
  readonly rests: T[];
}

/** Values by their shapes. */
export class ShapeIndex<T> {
  readonly #root: Node<T> = createNode();

  /** Adds a value. Several may have one shape. */
  add(shape: Shape, value: T): void {
    let node = this.#root;
    for (const segment of shape) {
      if (segment.kind === 'rest') {
        node.rests.push(value);
        return;
      }
      node = childOf(node, segment);
    }
    node.ends.push(value);
  }

  /** Returns at least the values whose shapes overlap a shape of a route, which has no rest. */
  near(shape: Shape): T[] {
    const found: T[] = [];
    let nodes = [this.#root];
    for (const segment of shape) {
      found.push(...nodes.flatMap(({ rests }) => rests));
      nodes = nodes.flatMap(({ literals, other }) => {
        const literal = segment.kind === 'literal' ? [literals.get(segment.text)] : [...literals.values()];
        return [...literal, other].filter((node) => node !== undefined);
      });
    }
    found.push(...nodes.flatMap(({ ends, rests }) => [...ends, ...rests]));
    return found;
  }
}

function childOf<T>(node: Node<T>, segment: TemplateSegment): Node<T> {
  if (segment.kind !== 'literal') return (node.other ??= createNode());
  let child = node.literals.get(segment.text);
  if (child === undefined) node.literals.set(segment.text, (child = createNode()));
  return child;
}

function createNode<T>(): Node<T> {
  return { literals: new Map(), other: undefined, ends: [], rests: [] };
}
