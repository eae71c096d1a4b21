/** The configuration of the demo: the file in the current folder if it is for the demo, else the package's example. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../config/config.js';
import type { Settings } from '../model/settings.js';
import type { CommandInput } from './command.js';

const PACKAGED = new URL('../../config/gateway.yaml', import.meta.url);

export interface Example {
  readonly settings: Settings;
  /** Why it is the package's example: the current folder has no file, or one for other services. Undefined: it is not. */
  readonly packagedSince: 'no-file' | 'other-file' | undefined;
}

/**
 * Loads the named file. If none was named, loads the default one, or else the package's example: where there is no
 * file, or one for other services, such as the one that `init` writes. The example's data goes to the current folder, as
 * if it were in `config/` there.
 *
 * @throws ConfigUnreadable or ConfigError
 */
export async function loadExample({
  file,
  isDefaultFile,
  terminal,
}: Pick<CommandInput, 'file' | 'isDefaultFile' | 'terminal'>): Promise<Example> {
  const exists = !isDefaultFile || existsSync(file);
  if (exists) {
    const { settings } = await loadConfig(file, terminal.env);
    if (!isDefaultFile || isForTheSample(settings)) return { settings, packagedSince: undefined };
  }
  const options = { baseFolder: resolve('config') };
  const { settings } = await loadConfig(fileURLToPath(PACKAGED), terminal.env, options);
  return { settings, packagedSince: exists ? 'other-file' : 'no-file' };
}

/** Whether the first issuer's keys are read from the first upstream, where the sample service publishes its own. */
function isForTheSample({ issuers: [issuer], upstreams: [upstream] }: Settings): boolean {
  if (issuer?.keys.kind !== 'url' || !upstream) return false;
  return new URL(issuer.keys.url).origin === upstream.targets[0].origin;
}
