/**
 * Tollgate as a library: the same file, as a middleware inside one's own Express or Connect application.
 *
 * This is the other composition root beside `cli/serve.ts`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { buildGateway } from './app/build-gateway.js';
import { compileConfig, loadConfig, type GatewayConfig } from './config/config.js';
import { warnOfForeignCluster } from './app/foreign-cluster.js';
import { openConfigReloader } from './app/reloader.js';
import { createEdge, createMounts, type Start } from './server/server.js';
import type { Log } from './model/log.js';
import type { Observe } from './model/record.js';
import type { Settings } from './model/settings.js';
import { processRuntime } from './app/runtime.js';
import { createAccessLog } from './telemetry/access-log.js';
import { createLog, type OperatorLog } from './telemetry/log.js';
import { createRequestLines } from './telemetry/request-lines.js';

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

export interface TollgateOptions {
  /**
   * The path under which the gate is mounted: `/api` for `app.use('/api', gate)`. It is taken off WebSockets' paths as
   * Express takes it off requests'. Left out, it is learnt of the first request that Express hands over.
   */
  readonly mount?: string;
  /** The application's own logger, of pino's form: it gets all that would be in the gate's log, one line a request too. */
  readonly log?: Log;
}

/**
 * @param config the path of a configuration file, or an object of the same shape; `listen` and `admin` are not needed
 * @throws ConfigError with every problem of the configuration
 */
export async function tollgate(
  config: string | GatewayConfig,
  options: TollgateOptions = {},
): Promise<Tollgate> {
  const { mount } = options;
  const mounts = createMounts(mount);
  const load = async (): Promise<Settings> => (await read(config)).settings;
  const settings = await load();
  const logged = { paths: settings.log.paths };
  const { log, observe, setLevel, close: closeLog } = openLog(settings, logged, options.log);
  const surroundings = processRuntime(log, process.env);
  const generations = await openConfigReloader(settings, {
    load,
    build: (next, keep) => buildGateway(next, surroundings, keep),
    log,
    onReload() {
      const { level, paths } = generations.current().settings.log;
      setLevel(level);
      logged.paths = paths;
    },
  }).catch(async (error: unknown) => {
    await closeLog();
    throw error;
  });
  warnOfForeignCluster(settings, log);
  const edge = createEdge({
    current: () => generations.current().gateway,
    now: surroundings.monotonic,
    newId: surroundings.newId,
    observe,
    mounts,
    explains: process.env['NODE_ENV'] !== 'production',
    log,
  });
  const start: Start = (req, res, next) => void edge.handle(req, res, next);
  const middleware = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void => {
    // What stands behind the gate sees the path as it came.
    const { url = '' } = req;
    const passOn =
      mount === undefined || next === undefined
        ? next
        : () => {
            req.url = url;
            next();
          };
    edge.accept(req, res, start, passOn);
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

/** The gate's own log, or the application's logger in its place. */
function openLog(
  settings: Settings,
  logged: { readonly paths: boolean },
  own: Log | undefined,
): { log: Log; observe: Observe; setLevel: OperatorLog['setLevel']; close: OperatorLog['close'] } {
  if (!own) {
    const { log, writeInfo, setLevel, close } = createLog(settings.log);
    return { log, observe: createAccessLog({ writeInfo, now: () => Date.now(), logged }), setLevel, close };
  }
  const log: Log = {
    debug: (fields, message) => own.debug(fields, message),
    info: (fields, message) => own.info(fields, message),
    warn: (fields, message) => own.warn(fields, message),
    error: (fields, message) => own.error(fields, message),
  };
  // Its level and its end are the application's business.
  return {
    log,
    observe: createRequestLines(log, logged),
    setLevel: () => undefined,
    close: () => Promise.resolve(),
  };
}

function read(config: string | GatewayConfig) {
  return typeof config === 'string'
    ? loadConfig(config, process.env)
    : compileConfig(config, { env: process.env, baseFolder: process.cwd() });
}
