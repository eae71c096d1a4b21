/** `tollgate start`: runs the gate until SIGTERM or SIGINT, then drains. SIGHUP and a changed file reload it. */
import { EXIT_OK, type Run } from './command.js';
import { openConfigFile } from './config-file.js';
import { serve } from './serve.js';
import { onHangup, untilSignal } from './signals.js';
import { countWorkers, supervise, type Supervision } from './supervise.js';
import { isWorker, work } from './worker.js';

export const start: Run = async ({ file, terminal }) => {
  const { env } = terminal;
  if (isWorker(env)) return work(file, env);
  const { load, close } = openConfigFile(file, terminal, reload);
  // From the beginning to the end: without a listener the signal would end the process, in a drain too.
  onHangup(reload);
  const opening = load().then((started): Promise<Supervision> => {
    const isAlone = countWorkers(started) === 1;
    return (isAlone ? serve : supervise)({ started, load, env });
  });

  function reload(): void {
    // One that cannot be opened is told of by this command's own end.
    opening.then((gate) => gate.reload()).catch(() => undefined);
  }

  const gate = await opening;
  await untilSignal();
  close();
  await gate.stop();
  return EXIT_OK;
};
