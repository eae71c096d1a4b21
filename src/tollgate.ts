/**
 * Tollgate as a library: the same file, as a middleware inside one's own Express or Connect application.
 *
 * This is the other composition root beside `cli/serve.ts`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { assemble } from './assemble.js';
import { compileConfig, loadConfig, type GatewayConfig } from './config/config.js';
import { openGenerations } from './generations.js';
import { createEdge, type Start } from './listen/listen.js';
import type { Settings } from './model/settings.js';
import { ofThisProcess } from './surroundings.js';
import { createAccessLog } from './telemetry/access-log.js';
import { createLog } from './telemetry/log.js';

export { ConfigError, type GatewayConfig } from './config/config.js';

/** A Connect middleware: requests that no route names go to `next`. */
export interface Tollgate {
  (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void;
  /** For `server.on('upgrade', gate.upgrade)`: WebSockets take the same way as requests. */
  readonly upgrade: (req: IncomingMessage, socket: Duplex, firstBytes: Buffer) => void;
  /**
   * Reads the file, or the object as it is by then, again; counts, connections and open streams are kept.
   *
   * @returns whether it is in force; where it cannot be used, the log says why and the one before stays
   */
  readonly reload: () => Promise<boolean>;
  /** Ends what the gate holds: connections to upstreams and Redis, timers, the log. */
  readonly close: () => Promise<void>;
}

/**
 * @param config the path of a configuration file, or an object of the same shape; `listen` and `admin` are not needed
 * @throws ConfigError with every problem of the configuration
 */
export async function tollgate(config: string | GatewayConfig): Promise<Tollgate> {
  const load = async (): Promise<Settings> => (await read(config)).settings;
  const settings = await load();
  const { log, writeInfo, setLevel, close: closeLog } = createLog(settings.log);
  const surroundings = ofThisProcess(log, process.env);
  const generations = await openGenerations(settings, {
    load,
    build: (next, keep) => assemble(next, surroundings, keep),
    log,
    onReload: () => setLevel(generations.current().settings.log.level),
  }).catch(async (error: unknown) => {
    await closeLog();
    throw error;
  });
  const edge = createEdge({
    current: () => generations.current().gateway,
    now: surroundings.monotonic,
    newId: surroundings.newId,
    observe: createAccessLog({ writeInfo, now: surroundings.now }),
    log,
  });
  const start: Start = (req, res, next) => void edge.handle(req, res, next);
  const middleware = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void => {
    edge.accept(req, res, start, next);
  };
  return Object.assign(middleware, {
    upgrade: (req: IncomingMessage, socket: Duplex, firstBytes: Buffer): void => {
      void edge.upgrade(req, socket, firstBytes);
    },
    reload: () => generations.reload(),
    async close() {
      await generations.close();
      await closeLog();
    },
  });
}

function read(config: string | GatewayConfig) {
  return typeof config === 'string'
    ? loadConfig(config, process.env)
    : compileConfig(config, { env: process.env, baseFolder: process.cwd() });
}
