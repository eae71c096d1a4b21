/** A gateway that listens and can be asked: the same instance responds over HTTP and explains. */
import { buildGateway, type GatewayInstance } from '../../src/app/build-gateway.js';
import { openConfigReloader } from '../../src/app/reloader.js';
import { processRuntime } from '../../src/app/runtime.js';
import { compileConfig } from '../../src/config/config.js';
import type { ExchangeRecord } from '../../src/model/record.js';
import type { Settings } from '../../src/model/settings.js';
import { Edge, type EdgeOptions } from '../../src/server/edge.js';
import { createExpressServer } from '../../src/server/express-app.js';
import { startServer } from '../../src/server/listening-server.js';

export interface ExplainedGate {
  readonly port: number;
  /** Every finished exchange, in order. */
  readonly records: ExchangeRecord[];
  /** The instance in force. */
  readonly current: () => GatewayInstance;
  /** Puts another configuration in force. */
  reload(config: object): Promise<boolean>;
  stop(): Promise<void>;
}

const LOG = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** @param now epoch milliseconds; by default the clock of the process */
export async function startExplainedGate(config: object, now?: () => number): Promise<ExplainedGate> {
  const records: ExchangeRecord[] = [];
  const runtime = { ...processRuntime(LOG, {}), ...(now && { now }) };
  let written = config;
  const settings = settingsOf(config);
  const reloader = await openConfigReloader(settings, {
    now: () => Date.now(),
    load: () => Promise.resolve(settingsOf(written)),
    build: (next, reuse) => buildGateway(next, runtime, reuse),
    log: LOG,
  });
  const { app, classes } = createExpressServer();
  const options: EdgeOptions = {
    current: () => reloader.current().gateway,
    now: runtime.monotonic,
    newId: runtime.newId,
    observe: (record) => records.push(record),
    log: LOG,
    app,
  };
  const edge = new Edge(options);
  app.use((req, res) => edge.handle(req, res));
  const server = await startServer({
    address: { host: '127.0.0.1', port: 0, tls: undefined },
    client: settings.client,
    classes,
    handlers: edge,
    boundsWholeRequest: false,
    log: LOG,
  });
  return {
    port: server.address.port,
    records,
    current: reloader.current,
    reload(next) {
      written = next;
      return reloader.reload();
    },
    async stop() {
      await server.drain(0);
      await reloader.close();
    },
  };
}

function settingsOf(config: object): Settings {
  const whole = { listen: '127.0.0.1:0', admin: '127.0.0.1:0', jwks_cache: false, ...config };
  return compileConfig(whole, { env: {}, baseFolder: process.cwd() }).settings;
}

function ignore(): void {
  // The records say what happened.
}
