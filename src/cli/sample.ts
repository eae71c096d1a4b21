/** `tollgate sample`: the demo's service and issuer alone, for a gateway in another process (see compose.yaml). */
import type { Run } from './command.js';
import { EXIT_OK } from '../model/exit.js';
import { loadExample } from './example.js';
import { openSample } from './sample-context.js';
import { untilSignal } from './signals.js';
import { originOf, guide } from './demo-guide.js';

/** Runs the service until SIGTERM or SIGINT. Rejects if it cannot start. */
export const sample: Run = async (input) => {
  const { terminal } = input;
  const { settings } = await loadExample(input);
  const context = await openSample(settings);
  terminal.out(guide(originOf(settings.listen), context.testIssuer));
  await untilSignal();
  await context.close();
  return EXIT_OK;
};
