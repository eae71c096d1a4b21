/** Resolves references within a document (`$ref: '#/…'`). Nothing is read from other files or the network. */
import { fieldOf, isFields, type Fields } from './document.js';

/** A chain of references is no longer than this in any sensible document; a longer one is taken for a circle. */
const MAX_CHAIN = 32;

/** Why a reference leads nowhere. */
export class Unresolved {
  constructor(readonly text: string) {}
}

/** Follows the references of a value to a map; `Unresolved` where they leave the document or lead nowhere. */
export type Resolve = (value: unknown) => Fields | Unresolved;

/** Creates the function that follows the references of a document. */
export function createResolve(document: Fields): Resolve {
  return (value) => {
    let current = value;
    for (let step = 0; step < MAX_CHAIN; step++) {
      const reference = fieldOf(current, '$ref');
      if (reference === undefined) return isFields(current) ? current : new Unresolved('is not a map');
      if (typeof reference !== 'string') return new Unresolved('has a $ref that is not a text');
      if (!reference.startsWith('#')) {
        return new Unresolved(
          `is in another document (${JSON.stringify(reference)}); bundle the documents first`,
        );
      }
      const target = at(document, reference.slice(1));
      if (target === undefined)
        return new Unresolved(`has a $ref that leads nowhere (${JSON.stringify(reference)})`);
      // What stands beside a reference may contradict it.
      const siblings = Object.keys(current as Fields).filter((key) => OPERATIONAL.has(key));
      if (siblings.length > 0)
        return new Unresolved(`has "${siblings[0]!}" beside a $ref, which readers read differently`);
      current = target;
    }
    return new Unresolved('has a chain of $refs without an end');
  };
}

/** Fields that decide what is imported; a description or an extension beside a reference changes nothing. */
const OPERATIONAL: ReadonlySet<string> = new Set(
  'get put post delete options head patch trace query additionalOperations servers parameters security type flows openIdConnectUrl scheme'.split(
    ' ',
  ),
);

/** Finds the value of a JSON pointer (RFC 6901), percent-encoded as in a URI fragment. */
function at(document: Fields, pointer: string): unknown {
  if (pointer === '') return document;
  if (!pointer.startsWith('/')) return undefined;
  let current: unknown = document;
  for (const part of pointer.slice(1).split('/')) {
    const name = decode(part).replaceAll('~1', '/').replaceAll('~0', '~');
    current = Array.isArray(current) ? (current as unknown[])[Number(name)] : fieldOf(current, name);
  }
  return current;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
