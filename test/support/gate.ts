/**
 * A whole gateway for a test: built from a configuration object, listening on free ports, its records
 * collected.
 */
import { compileConfig, type GatewayConfig } from '../../src/config/config.js';
import { serve } from '../../src/app/serve.js';
import type { ExchangeRecord } from '../../src/model/record.js';
import type { Settings } from '../../src/model/settings.js';

export interface TestGate {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly adminUrl: string;
  /** Every finished exchange, in order. */
  readonly records: ExchangeRecord[];
  /** Activates another configuration; false if it cannot be used. */
  reload(config: Config): Promise<boolean>;
  stop(): Promise<void>;
}

/** The administrator's credential of every test gateway. */
export const ADMIN_TOKEN = 'the-administrator-of-the-tests';

export type Config = Omit<GatewayConfig, 'listen' | 'admin'> &
  Partial<Pick<GatewayConfig, 'listen' | 'admin'>>;

/** @param config as in the file; ports are chosen, and the log is silent, unless it sets them */
export async function startGate(config: Config): Promise<TestGate> {
  const records: ExchangeRecord[] = [];
  let written = config;
  const gate = await serve({
    started: settingsOf(config),
    load: async () => Promise.resolve(settingsOf(written)),
    env: { TOLLGATE_ADMIN_TOKEN: ADMIN_TOKEN },
    watch: (record) => records.push(record),
  });
  const scheme = settingsOf(config).listen?.tls ? 'https' : 'http';
  return {
    url: `${scheme}://127.0.0.1:${gate.address.port}`,
    port: gate.address.port,
    adminUrl: `http://127.0.0.1:${gate.adminAddress.port}`,
    records,
    reload(next) {
      written = next;
      return gate.reload();
    },
    stop: () => gate.stop(),
  };
}

function settingsOf(config: Config): Settings {
  return compileConfig(
    {
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      log: { level: 'silent' },
      drain_timeout: '1s',
      jwks_cache: false,
      ...config,
    },
    { env: {}, baseFolder: process.cwd() },
  ).settings;
}
