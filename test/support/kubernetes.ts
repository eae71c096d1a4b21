/** Checks Kubernetes objects against the published types of its API: unknown fields, missing ones, and other types. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';
import type { Kinds } from './kubernetes-kinds.js';

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
  const file = join(import.meta.dirname, 'objects.generated.ts');
  const source = [
    "import type { Kinds } from './kubernetes-kinds.js';",
    ...objects.map(
      (object, index) =>
        `export const o${index}: Kinds['${String(object.kind)}'] = ${JSON.stringify(object, null, 1)};`,
    ),
  ].join('\n');
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    lib: ['lib.es2015.d.ts'],
  };
  const host = ts.createCompilerHost(options);
  const onDisk = { ...host };
  host.fileExists = (path) => path === file || onDisk.fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === file
      ? ts.createSourceFile(path, source, ts.ScriptTarget.ES2022)
      : onDisk.getSourceFile(path, ...rest);
  const program = ts.createProgram([file], options, host);
  const generated = program.getSourceFile(file);
  return [...program.getSyntacticDiagnostics(generated), ...program.getSemanticDiagnostics(generated)].map(
    ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'),
  );
}
