/**
 * Tollgate as a library: the same configuration, as a middleware inside an Express or Connect application.
 *
 * It is the composition root of the library; `src/app/serve.ts` is that of the command.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { buildGateway } from './app/build-gateway.js';
import { compileConfig, loadConfig, type GatewayConfig } from './config/config.js';
import { warnOfForeignCluster } from './app/foreign-cluster.js';
import { warnOfInsecureSettings } from './app/insecure-settings.js';
import { openConfigReloader } from './app/reloader.js';
import { createMounts, Edge } from './server/server.js';
import type { Log } from './model/log.js';
import type { Observe } from './model/record.js';
import type { Settings } from './model/settings.js';
import { openLog } from './app/process-log.js';
import { processRuntime } from './app/runtime.js';
import { createAccessLog } from './telemetry/access-log.js';
import { limitLines } from './telemetry/limit-lines.js';
import type { OperatorLog } from './telemetry/log.js';
import type { LoggedRequests } from './telemetry/logged-requests.js';
import { createRequestLines } from './telemetry/request-lines.js';

export { ConfigError, type GatewayConfig } from './config/config.js';

/** A Connect middleware: requests that no route names go to `next`. */
export interface Tollgate {
  (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void;
  /** For `server.on('upgrade', gateway.upgrade)`: WebSocket upgrades take the same steps as requests. */
  readonly upgrade: (req: IncomingMessage, socket: Duplex, firstBytes: Buffer) => void;
  /**
   * Reads the file again, or the object as it is now. Counts, connections and open streams are kept.
   *
   * @returns whether it is in force; when it is not valid, the log has the reason and the previous one stays in force
   */
  readonly reload: () => Promise<boolean>;
  /** Closes connections to upstreams and Redis, timers and the log. */
  readonly close: () => Promise<void>;
}

export interface TollgateOptions {
  /**
   * The path at which the gateway is mounted: `/api` for `app.use('/api', gateway)`. It is removed from the paths of
   * WebSocket upgrades, as Express removes it from those of requests. The default comes from Express's first request.
   */
  readonly mount?: string;
  /** The application's own logger, with pino's interface. It gets every line of the gateway's log, the access log included. */
  readonly log?: Log;
}

/**
 * Opens a gateway as a middleware.
 *
 * @param config the path of a configuration file, or an object of the same shape; `listen` and `admin` are not needed
 * @throws ConfigError with every problem of the configuration; also rejects where the token service cannot be opened
 */
export async function tollgate(
  config: string | GatewayConfig,
  options: TollgateOptions = {},
): Promise<Tollgate> {
  const { mount } = options;
  const mounts = createMounts(mount);
  const load = async (): Promise<Settings> => (await read(config)).settings;
  const settings = await load();
  const logged: LoggedRequests = { ...settings.log };
  const { log, observe, setLevel, close: closeLog } = chooseLog(settings, logged, options.log);
  const runtime = processRuntime(log, process.env);
  const reloader = await openConfigReloader(settings, {
    load,
    build: (next, reuse) => buildGateway(next, runtime, reuse),
    log,
    now: runtime.now,
    onReload(isInForce) {
      const { settings: current } = reloader.current();
      setLevel(current.log.level);
      Object.assign(logged, current.log);
      if (isInForce) warnOfInsecureSettings(current, log);
    },
  }).catch(async (error: unknown) => {
    await closeLog();
    throw error;
  });
  warnOfForeignCluster(settings, log);
  warnOfInsecureSettings(settings, log);
  const edge = new Edge({
    current: () => reloader.current().gateway,
    now: runtime.monotonic,
    newId: runtime.newId,
    observe,
    mounts,
    explains: process.env['NODE_ENV'] !== 'production',
    log,
  });
  const middleware = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void): void => {
    // The next middleware gets the original path.
    const { url = '' } = req;
    const nextWithUrl =
      mount === undefined || next === undefined
        ? next
        : () => {
            req.url = url;
            next();
          };
    edge.accept(req, res, nextWithUrl);
  };
  return Object.assign(middleware, {
    upgrade: (req: IncomingMessage, socket: Duplex, firstBytes: Buffer): void => {
      void edge.upgrade(req, socket, firstBytes);
    },
    reload: () => reloader.reload(),
    async close() {
      await reloader.close();
      await closeLog();
    },
  });
}

/** Opens the gateway's own log, or wraps the application's logger. */
function chooseLog(
  settings: Settings,
  logged: LoggedRequests,
  own: Log | undefined,
): { log: Log; observe: Observe; setLevel: OperatorLog['setLevel']; close: OperatorLog['close'] } {
  if (!own) {
    const { log, writeInfo, setLevel, close } = openLog(settings.log, process.env);
    return { log, observe: createAccessLog({ writeInfo, now: () => Date.now(), logged }), setLevel, close };
  }
  const { log, flush } = limitLines({
    debug: (fields, message) => own.debug(fields, message),
    info: (fields, message) => own.info(fields, message),
    warn: (fields, message) => own.warn(fields, message),
    error: (fields, message) => own.error(fields, message),
    isLevelEnabled: () => true,
  });
  // The application sets its level and closes it.
  return {
    log,
    observe: createRequestLines(log, logged),
    setLevel: () => undefined,
    close() {
      flush();
      return Promise.resolve();
    },
  };
}

function read(config: string | GatewayConfig) {
  return typeof config === 'string'
    ? loadConfig(config, process.env)
    : compileConfig(config, { env: process.env, baseFolder: process.cwd() });
}
