/** Logs dropped connections. Called by `listening-server.ts`. */
import type { Server } from 'node:net';
import type { Log } from '../model/log.js';

const LOG_INTERVAL_MS = 1000;

/**
 * Logs the connections that Node closes beyond `client.max_connections`: at most one line a second, so that a flood does
 * not fill the log.
 */
export function logDroppedConnections(server: Server, log: Log): void {
  let count = 0;
  const logCount = (): void => {
    log.warn({ connections: count, max_connections: server.maxConnections }, 'connections were dropped');
    count = 0;
  };
  server.on('drop', () => {
    count += 1;
    if (count === 1) setTimeout(logCount, LOG_INTERVAL_MS).unref();
  });
}
