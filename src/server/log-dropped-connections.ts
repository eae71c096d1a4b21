/** Connections past `client.max_connections` are closed as they come, and told of together: a flood must not fill the log. */
import type { Server } from 'node:net';
import type { Log } from '../model/log.js';

const TOGETHER_MS = 1000;

export function logDroppedConnections(server: Server, log: Log): void {
  let count = 0;
  const tell = (): void => {
    log.warn({ connections: count, max_connections: server.maxConnections }, 'connections were dropped');
    count = 0;
  };
  server.on('drop', () => {
    count += 1;
    if (count === 1) setTimeout(tell, TOGETHER_MS).unref();
  });
}
