/** Remembers in which folder the relative paths of a configuration object begin, if it was read from a file. */

/** Registered, so that every copy of this module in a process has the same one. */
const BASE_FOLDER = Symbol.for('tollgate.baseFolder');

/** Returns a copy whose relative paths begin at the folder, as do those of its own copies made with `{ ...config }`. */
export function withBaseFolder<T extends object>(config: T, folder: string): T {
  return { ...config, [BASE_FOLDER]: folder };
}

/** Returns the folder of a configuration object; undefined for one that was not read from a file. */
export function baseFolderOf(config: unknown): string | undefined {
  const folder: unknown =
    typeof config === 'object' && config !== null ? Reflect.get(config, BASE_FOLDER) : undefined;
  return typeof folder === 'string' ? folder : undefined;
}
