/** The configuration of the demo: the one in the current folder, else the example of the package. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../config/config.js';
import type { Settings } from '../model/settings.js';
import type { CommandInput } from './command.js';

const PACKAGED = new URL('../../config/gateway.yaml', import.meta.url);

export interface Example {
  readonly settings: Settings;
  /** Whether it is the package's own, for want of one in the current folder. */
  readonly isPackaged: boolean;
}

/**
 * Loads the file that was asked for. Where none was named and none is in the default place, the package's example: its
 * data goes to the current folder, as if the file stood in `config/` there.
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
