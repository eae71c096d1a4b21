/** `tollgate sample`: the demo's service and issuer alone, for a gate that runs beside them (see compose.yaml). */
import type { Run } from './command.js';
import { EXIT_OK } from '../model/exit.js';
import { loadExample } from './example.js';
import { openSample } from './sample-context.js';
import { untilSignal } from './signals.js';
import { originOf, guide } from './demo-guide.js';

export const sample: Run = async (input) => {
  const { terminal } = input;
  const { settings } = await loadExample(input);
  const side = await openSample(settings);
  terminal.out(guide(originOf(settings.listen), side.mint));
  await untilSignal();
  await side.close();
  return EXIT_OK;
};
