/** The gateway's files in deploy/: checked by `tollgate check` itself. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from '../../src/cli/check.js';
import { loadConfig } from '../../src/config/config.js';
import type { Settings } from '../../src/model/settings.js';
import { runInProcess } from './run-command.js';

/**
 * The settings of a file that `check --strict` accepts, with its cases.
 *
 * @param env its variables; `TOLLGATE_DATA` is set as in the image
 * @param mayWarn whether warnings are accepted
 * @throws Error with what `check` prints
 */
export async function checkedSettings(
  text: string,
  env: Readonly<Record<string, string>>,
  { mayWarn = false } = {},
): Promise<Settings> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-deploy-'));
  const variables = { TOLLGATE_DATA: join(folder, 'data'), ...env };
  try {
    const file = join(folder, 'gateway.yaml');
    await writeFile(file, text);
    const args = mayWarn ? [] : ['--strict'];
    const { code, stdout, stderr } = await runInProcess(check, args, file, '', variables);
    if (code !== 0 || !stdout.includes('expectations held')) throw new Error(`${stdout}${stderr}`);
    return (await loadConfig(file, variables)).settings;
  } finally {
    await rm(folder, { recursive: true });
  }
}
