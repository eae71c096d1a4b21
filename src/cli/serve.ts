/** The composition root: a gate that listens, with the process's own clock, chance and log. */
import { randomUUID } from 'node:crypto';
import { assemble } from '../assemble.js';
import { listen, type Listening } from '../listen/listen.js';
import type { Observe } from '../model/record.js';
import type { Settings } from '../model/settings.js';
import { createAccessLog } from '../telemetry/access-log.js';
import { createLog } from '../telemetry/log.js';

export interface Serving {
  readonly address: Listening['address'];
  readonly adminAddress: Listening['adminAddress'];
  /** Drains and ends all that the gate holds. */
  readonly stop: () => Promise<void>;
}

/** @param watch told of every exchange, beside the access log */
export async function serve(settings: Settings, watch?: Observe): Promise<Serving> {
  const { listen: publicAddress, admin } = settings;
  if (!publicAddress || !admin) throw new TypeError('a gate that serves needs `listen` and `admin`');
  const { log, close: closeLog } = createLog(settings.log);
  const monotonic = (): number => performance.now();
  const { gateway, ready, close } = assemble(settings, {
    now: () => Date.now(),
    monotonic,
    newId: randomUUID,
    log,
  });
  const logAccess = createAccessLog(log);
  const observe: Observe = watch
    ? (record) => {
        logAccess(record);
        watch(record);
      }
    : logAccess;
  const end = async (): Promise<void> => {
    await close();
    await closeLog();
  };
  await ready;
  const listening = await listen({
    current: () => gateway,
    now: monotonic,
    newId: randomUUID,
    observe,
    log,
    listen: publicAddress,
    admin,
    client: settings.client,
  }).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  const { address, adminAddress } = listening;
  log.info({ address, admin: adminAddress, routes: settings.routes.length }, 'the gate is open');
  return {
    address,
    adminAddress,
    async stop() {
      log.info({ deadline_ms: settings.drainTimeoutMs }, 'draining');
      await listening.drain(settings.drainTimeoutMs);
      log.info({}, 'the gate is closed');
      await end();
    },
  };
}
