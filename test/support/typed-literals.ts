/** Asks the TypeScript compiler whether values are literals of published types. */
import { join } from 'node:path';
import ts from 'typescript';

export interface TypedLiteral {
  /** Any JSON value. */
  readonly value: unknown;
  /** A type in terms of what the imports declare. */
  readonly type: string;
}

/**
 * Returns what the compiler says about the values as literals of their types, also of fields that the type does not have;
 * nothing where they are right. It takes about a second.
 *
 * @param imports import declarations, relative to this folder
 */
export function problemsOfLiterals(imports: string, literals: readonly TypedLiteral[]): string[] {
  const file = join(import.meta.dirname, 'literals.generated.ts');
  const source = [
    imports,
    ...literals.map(
      ({ value, type }, index) => `export const o${index}: ${type} = ${JSON.stringify(value, null, 1)};`,
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
