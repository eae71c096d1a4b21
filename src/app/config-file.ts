/** The configuration file of a running gate: read at the start and at each reload, and watched with all that it names. */
import { ConfigError, loadConfig } from '../config/config.js';
import type { Settings } from '../model/settings.js';
import { watchFiles } from './watch-files.js';

export interface ConfigFile {
  /** Rejects with ConfigError or ConfigUnreadable; what the file names is watched even then. */
  readonly load: () => Promise<Settings>;
  readonly close: () => void;
}

/** @param onChange told when the file, or one that it names, has changed since it was read */
export function openConfigFile(
  file: string,
  { env }: { readonly env: Readonly<Record<string, string | undefined>> },
  onChange: () => void,
): ConfigFile {
  const watched = watchFiles(onChange);
  return {
    async load() {
      watched.sight();
      try {
        const { settings } = await loadConfig(file, env);
        watched.watch([file, ...settings.files]);
        return settings;
      } catch (error) {
        watched.watch([file, ...(error instanceof ConfigError ? error.files : [])]);
        throw error;
      }
    },
    close: () => watched.close(),
  };
}
