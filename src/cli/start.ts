/** `tollgate start`: runs the gateway until SIGTERM or SIGINT, then drains. SIGHUP and a changed file reload it. */
import type { Run } from './command.js';
import { EXIT_OK } from '../model/exit.js';
import { openConfigFile } from '../app/config-file.js';
import { serve } from '../app/serve.js';
import { onHangup, untilSignal } from './signals.js';
import { countWorkers, runPrimary, type RunningGateway } from '../workers/primary.js';
import { isWorker, runWorker } from '../workers/worker.js';

/** Runs the gateway, with several workers if the file says so. Rejects if it cannot start. */
export const start: Run = async ({ file, terminal }) => {
  const { env } = terminal;
  if (isWorker(env)) return runWorker(file, env);
  const { load, close } = openConfigFile(file, terminal, reload);
  // Never removed: without a listener SIGHUP would end the process, also during the drain.
  onHangup(reload);
  const opening = load().then((started): Promise<RunningGateway> => {
    const isAlone = countWorkers(started) === 1;
    return (isAlone ? serve : runPrimary)({ started, load, env });
  });

  function reload(): void {
    // A gateway that fails to open is reported when this command rejects.
    opening.then((gateway) => gateway.reload()).catch(() => undefined);
  }

  const gateway = await opening;
  await untilSignal();
  close();
  await gateway.stop();
  // A parent such as pm2 listens to its channel in this process, which would otherwise not end.
  if (process.connected) process.disconnect();
  return EXIT_OK;
};
