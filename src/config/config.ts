/**
 * Loads a configuration, from a YAML file or an object of the same shape, into the settings of a gateway. The commands
 * and `src/index.ts` call it.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { baseFolderOf } from './base-folder.js';
import { compile, type LoadedConfig } from './compile/compile.js';
import type { Environment } from './environment.js';
import { createFiles, reasonOf } from './files.js';
import { ConfigError, ConfigUnreadable, type Path, type Problem } from './problem.js';
import { objectSource, yamlSource, type Source } from './source.js';
import { validate, type LoadContext } from './validate.js';

export { reasonOf } from './files.js';
export { ConfigError, ConfigUnreadable, Problem } from './problem.js';
export { keyReference } from './schema/reference.js';
export { jsonSchema, type GatewayConfig } from './schema/schema.js';
export { readWithKeys } from './replace-keys.js';
export type { LoadedConfig } from './compile/compile.js';

/** Default addresses of a standalone gateway. */
const ADDRESSES = { listen: { host: '127.0.0.1', port: 8080 }, admin: { host: '127.0.0.1', port: 8081 } };

/**
 * Reads a file, expands its variables, checks and compiles it.
 * @param baseFolder base of relative paths; by default the file's own folder
 * @throws ConfigUnreadable if the file cannot be read; ConfigError with every problem if it cannot be used
 */
export async function loadConfig(
  file: string,
  env: Environment,
  { baseFolder = dirname(resolve(file)) }: { readonly baseFolder?: string } = {},
): Promise<LoadedConfig> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new ConfigUnreadable(file, reasonOf(error));
  });
  const { source, problems, broken } = yamlSource(file, text);
  if (broken) throw new ConfigError(problems);
  const lines = text.split('\n');
  const files = createFiles(baseFolder);
  return {
    ...load(source, { env, files, addresses: ADDRESSES, problems }),
    sourceLine: (line) => lines[line - 1],
  };
}

/**
 * Checks and compiles a configuration given as an object. `listen` and `admin` are optional. Problems are located by
 * key, such as `routes[3].limit`.
 * @param baseFolder base of relative paths, unless the object was read from a file
 * @throws ConfigError with every problem
 */
export function compileConfig(
  config: unknown,
  { env, baseFolder }: { readonly env: Environment; readonly baseFolder: string },
): LoadedConfig {
  const files = createFiles(baseFolderOf(config) ?? baseFolder);
  const loaded = load(objectSource(config), { env, files, addresses: undefined, problems: [] });
  return { ...loaded, sourceLine: () => undefined };
}

function load(source: Source, context: LoadContext): Omit<LoadedConfig, 'sourceLine'> {
  const valid = validate(source, context);
  const problemAt = (path: Path, text: string): Problem => source.problem(path, text, 'value');
  return { ...compile(valid, source, context.files, (path) => problemAt(path, '')), problemAt };
}
