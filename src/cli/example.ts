/** The configuration of the demo: the file in the current folder, else the package's example. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../config/config.js';
import type { Settings } from '../model/settings.js';
import type { CommandInput } from './command.js';

const PACKAGED = new URL('../../config/gateway.yaml', import.meta.url);

export interface Example {
  readonly settings: Settings;
  /** Whether it is the package's example, because the current folder has no file. */
  readonly isPackaged: boolean;
}

/**
 * Loads the named file. If none was named and the default one does not exist, loads the package's example. Its data
 * goes to the current folder, as if the example were in `config/` there.
 *
 * @throws ConfigUnreadable or ConfigError
 */
export async function loadExample({
  file,
  isDefaultFile,
  terminal,
}: Pick<CommandInput, 'file' | 'isDefaultFile' | 'terminal'>): Promise<Example> {
  const isPackaged = isDefaultFile && !existsSync(file);
  const { settings } = isPackaged
    ? await loadConfig(fileURLToPath(PACKAGED), terminal.env, { baseFolder: resolve('config') })
    : await loadConfig(file, terminal.env);
  return { settings, isPackaged };
}
