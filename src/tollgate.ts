/**
 * Tollgate as a library: the same file, as a middleware inside one's own Express or Connect application.
 *
 * This is the other composition root beside `cli/serve.ts`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { assemble } from './assemble.js';
import { compileConfig, loadConfig, type GatewayConfig } from './config/config.js';
import { createEdge } from './listen/listen.js';
import { ofThisProcess } from './surroundings.js';
import { createAccessLog } from './telemetry/access-log.js';
import { createLog } from './telemetry/log.js';

export { ConfigError, type GatewayConfig } from './config/config.js';

/** A Connect middleware: requests that no route names go to `next`. */
export interface Tollgate {
  (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void;
  /** For `server.on('upgrade', gate.upgrade)`: WebSockets take the same way as requests. */
  readonly upgrade: (req: IncomingMessage, socket: Duplex, firstBytes: Buffer) => void;
  /** Ends what the gate holds: connections to upstreams and Redis, timers, the log. */
  readonly close: () => Promise<void>;
}

/**
 * @param config the path of a configuration file, or an object of the same shape; `listen` and `admin` are not needed
 * @throws ConfigError with every problem of the configuration
 */
export async function tollgate(config: string | GatewayConfig): Promise<Tollgate> {
  const { settings } =
    typeof config === 'string'
      ? await loadConfig(config, process.env)
      : compileConfig(config, { env: process.env, baseFolder: process.cwd() });
  const { log, close: closeLog } = createLog(settings.log);
  const surroundings = ofThisProcess(log, process.env);
  const { gateway, close } = await assemble(settings, surroundings).catch(async (error: unknown) => {
    await closeLog();
    throw error;
  });
  const edge = createEdge({
    current: () => gateway,
    now: surroundings.monotonic,
    observe: createAccessLog(log),
    log,
  });
  const middleware = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void => {
    void edge.handle(req, res, next);
  };
  return Object.assign(middleware, {
    upgrade: (req: IncomingMessage, socket: Duplex, firstBytes: Buffer): void => {
      void edge.upgrade(req, socket, firstBytes);
    },
    async close() {
      await close();
      await closeLog();
    },
  });
}
