/** `tollgate sample`: the demo's service and issuer alone, for a gate that runs beside them (see compose.yaml). */
import { loadConfig } from '../config/config.js';
import { EXIT_OK, type Run } from './command.js';
import { openSample } from './sample-side.js';
import { untilSignal } from './signals.js';
import { walk } from './walk.js';

export const sample: Run = async ({ file, terminal }) => {
  const { settings } = await loadConfig(file, terminal.env);
  const side = await openSample(settings);
  terminal.out(walk(settings, side.mint));
  await untilSignal();
  await side.close();
  return EXIT_OK;
};
