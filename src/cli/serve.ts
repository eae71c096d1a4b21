/** The composition root: a gate that listens, with the process's own clock, chance and log. */
import { assemble, type Assembly } from '../assemble.js';
import { listen, type AppsApiOptions, type Listening } from '../listen/listen.js';
import type { Log } from '../model/log.js';
import type { Observe } from '../model/record.js';
import type { Settings } from '../model/settings.js';
import { createAccessLog } from '../telemetry/access-log.js';
import { ofThisProcess } from '../surroundings.js';
import { createLog } from '../telemetry/log.js';
import { appRevocation } from '../tokens/administration.js';
import { readAdminToken } from './admin-token.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Serving {
  readonly address: Listening['address'];
  readonly adminAddress: Listening['adminAddress'];
  /** Undefined where the file has no token service. */
  readonly administration: Assembly['administration'];
  /** Drains and ends all that the gate holds. */
  readonly stop: () => Promise<void>;
}

/** @param watch told of every exchange, beside the access log */
export async function serve(settings: Settings, env: Environment, watch?: Observe): Promise<Serving> {
  const { listen: publicAddress, admin } = settings;
  if (!publicAddress || !admin) throw new TypeError('a gate that serves needs `listen` and `admin`');
  const { log, close: closeLog } = createLog(settings.log);
  const surroundings = ofThisProcess(log, env);
  const assembly = await assemble(settings, surroundings).catch(async (error: unknown) => {
    await closeLog();
    throw error;
  });
  const { gateway, revocations, close } = assembly;
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
  const appsApi = await appsApiOf(settings, assembly, env, log);
  const listening = await listen({
    current: () => gateway,
    now: surroundings.monotonic,
    newId: surroundings.newId,
    canServe: () => revocations?.isReady ?? true,
    appsApi,
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
    administration: assembly.administration,
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

/** What the apps API needs; undefined where there are neither apps nor a place for revocations. */
async function appsApiOf(
  { issuers }: Settings,
  { administration, revocations }: Assembly,
  env: Environment,
  log: Log,
): Promise<AppsApiOptions | undefined> {
  if (!revocations) return undefined;
  const { token, file } = await readAdminToken(env);
  if (file !== undefined) log.info({ file }, "the administrator's credential");
  return {
    administration,
    issuers: new Set(issuers.map(({ name }) => name)),
    credential: token,
    revokeApp: async (app, issuer) =>
      (await revocations.revoke(appRevocation(app, issuer, Date.now()))) === 'done',
  };
}
