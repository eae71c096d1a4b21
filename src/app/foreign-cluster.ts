/** Several processes that others start, such as `pm2 start -i 2`: each is a gate of its own, which the file cannot tell. */
import cluster from 'node:cluster';
import type { Log } from '../model/log.js';
import type { Settings } from '../model/settings.js';

/** Warns where this process is a worker of a cluster that is not the gate's own, and counts limits for itself alone. */
export function warnOfForeignCluster({ redis, routes }: Settings, log: Log): void {
  if (!cluster.isWorker || redis || !routes.some(({ limits }) => limits.length > 0)) return;
  log.warn(
    { cluster_worker: cluster.worker?.id },
    'this process is one worker of a cluster, and limits are kept in its memory: each worker admits the whole limit; ' +
      'set "redis", so that all workers count together',
  );
}
