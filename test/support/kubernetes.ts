/** Checks Kubernetes objects against the published types of its API: unknown fields, missing ones, and other types. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Kinds } from './kubernetes-kinds.js';
import { problemsOfLiterals } from './typed-literals.js';

export type KubernetesObject = Kinds[keyof Kinds];

/** All objects of the files of a folder. */
export function readManifests(folder: string): KubernetesObject[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), 'utf8'), { strict: true }))
    .map((document) => {
      if (!('errors' in document) || document.errors.length > 0) throw new Error('no YAML document');
      return document.toJS() as KubernetesObject;
    });
}

/**
 * Returns what the TypeScript compiler says about the objects as literals of their types; nothing where they are right.
 * It takes about a second.
 */
export function problemsOfObjects(objects: readonly { readonly kind?: string }[]): string[] {
  return problemsOfLiterals(
    "import type { Kinds } from './kubernetes-kinds.js';",
    objects.map((value) => ({ value, type: `Kinds['${String(value.kind)}']` })),
  );
}
