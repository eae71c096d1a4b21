/**
 * Hides values of issuers and of `tracing` that may be credentials although nothing in their line says so: header fields of
 * any name, and keys that are unknown, which may be a misspelt `secret`. `source.ts` calls it.
 */
import { isAlias, isMap, isNode, isPair, isScalar, isSeq, visit, type Document } from 'yaml';
import { mask, type Span } from './secrets.js';
import { issuer } from './schema/issuer.js';
import { tracing } from './schema/tracing.js';

/**
 * Returns the text with these values replaced by the same number of stars; lines and columns stay the same.
 * @param document of the text, with its errors or without
 */
export function hideNestedSecrets(raw: string, document: Document.Parsed): string {
  let hidden = raw;
  for (const { start, end } of new SecretNodes(document).spans()) {
    hidden = hidden.slice(0, start) + mask(raw.slice(start, end)) + hidden.slice(end);
  }
  return hidden;
}

class SecretNodes {
  readonly #document: Document.Parsed;
  readonly #spans: Span[] = [];
  /** Merged maps can be shared, or contain themselves. */
  readonly #seen = new Set<unknown>();

  constructor(document: Document.Parsed) {
    this.#document = document;
  }

  spans(): readonly Span[] {
    const { contents } = this.#document;
    for (const [key, value] of this.#pairsOf(contents)) {
      if (key === 'tracing') this.#addSection(value, tracing.shape);
      if (key !== 'issuers') continue;
      for (const [, each] of this.#pairsOf(value)) this.#addSection(each, issuer.shape);
    }
    return this.#spans;
  }

  /** @param known the section's keys */
  #addSection(value: unknown, known: object): void {
    for (const [key, each] of this.#pairsOf(value)) {
      if (key === 'headers' || !Object.hasOwn(known, key)) this.#addScalars(this.#resolve(each));
    }
  }

  /** The keys and values of a map and of those that are merged into it. */
  #pairsOf(value: unknown): readonly (readonly [string, unknown])[] {
    const map = this.#resolve(value);
    if (!isMap(map) || this.#seen.has(map)) return [];
    this.#seen.add(map);
    return map.items.flatMap(({ key, value: each }) => {
      if (!isScalar(key)) return [];
      const name = typeof key.value === 'string' ? key.value : (key.source ?? '');
      if ((key.source ?? name) !== '<<') return [[name, each] as const];
      const merged = this.#resolve(each);
      return (isSeq(merged) ? merged.items : [merged]).flatMap((one) => this.#pairsOf(one));
    });
  }

  #resolve(value: unknown): unknown {
    return isAlias(value) ? value.resolve(this.#document) : value;
  }

  #addScalars(value: unknown): void {
    if (!isNode(value)) return;
    visit(value, {
      Scalar: (key, { range }, path) => {
        const isKey = key === 'key' && isPair(path.at(-1));
        if (range && !isKey) this.#spans.push({ start: range[0], end: range[1] });
      },
    });
  }
}
