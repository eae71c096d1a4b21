/** Detects workers that another program starts, such as `pm2 start -i 2`. Called by `serve.ts` and `src/index.ts`. */
import cluster from 'node:cluster';
import type { Log } from '../model/log.js';
import type { Settings } from '../model/settings.js';

/** Logs a warning if this process is such a worker and counts limits in its own memory. */
export function warnOfForeignCluster({ redis, routes }: Settings, log: Log): void {
  if (!cluster.isWorker || redis || !routes.some(({ limits }) => limits.length > 0)) return;
  log.warn(
    { cluster_worker: cluster.worker?.id },
    'this process is one worker of a cluster, and limits are kept in its memory: each worker admits the whole limit; ' +
      'set "redis", so that all workers count together',
  );
}
