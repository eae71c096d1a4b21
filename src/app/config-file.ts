/** Loads the configuration file, and watches it and the files that it names. Called by `src/cli/start.ts`. */
import { ConfigError, loadConfig } from '../config/config.js';
import type { Settings } from '../model/settings.js';
import { watchFiles } from './watch-files.js';

export interface ConfigFile {
  /** Reads the file. Rejects with ConfigError or ConfigUnreadable; the files that it names are watched even then. */
  readonly load: () => Promise<Settings>;
  readonly close: () => void;
}

/**
 * Makes a loader for the file, which is watched from the first `load` on.
 *
 * @param onChange called when the file, or one that it names, has changed since it was read
 */
export function openConfigFile(
  file: string,
  { env }: { readonly env: Readonly<Record<string, string | undefined>> },
  onChange: () => void,
): ConfigFile {
  const watched = watchFiles(onChange);
  return {
    async load() {
      await watched.snapshot();
      try {
        const { settings } = await loadConfig(file, env);
        await watched.watch([file, ...settings.files]);
        return settings;
      } catch (error) {
        await watched.watch([file, ...(error instanceof ConfigError ? error.files : [])]);
        throw error;
      }
    },
    close: () => watched.close(),
  };
}
