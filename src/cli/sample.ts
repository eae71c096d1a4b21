/** `tollgate sample`: the demo's service and issuer alone, for a gate that runs beside them (see compose.yaml). */
import { EXIT_OK, type Run } from './command.js';
import { loadExample } from './example.js';
import { openSample } from './sample-side.js';
import { untilSignal } from './signals.js';
import { originOf, walk } from './walk.js';

export const sample: Run = async (input) => {
  const { terminal } = input;
  const { settings } = await loadExample(input);
  const side = await openSample(settings);
  terminal.out(walk(originOf(settings.listen), side.mint));
  await untilSignal();
  await side.close();
  return EXIT_OK;
};
