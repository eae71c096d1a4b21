/**
 * The token service, put together: the registry with what stands on it, and the gate's own issuers' keys.
 *
 * Beside `build-gateway.ts` the other place that chooses: the database, the pepper, where failures are counted.
 */
import {
  createAppLimit,
  createFailedAttempts,
  createTokenService,
  type AppLimit,
  type FailedAttempts,
  type TokenService,
} from '../tokens/tokens.js';
import { createAdministration, type Administration } from '../tokens/administration.js';
import { openRegistry } from '../tokens/registry/open.js';
import { isUnavailable } from '../tokens/registry/postgres.js';
import type { Registry } from '../tokens/registry/registry.js';
import { createSecrets } from '../tokens/secrets.js';
import { createSigner, type Signer } from '../tokens/signing/signer.js';
import { createKeyEncryption } from '../tokens/key-encryption.js';
import { networkOf, subnetOf } from '../limit/limit.js';
import type { Log } from '../model/log.js';
import { OperatorError } from '../model/operator-error.js';
import type { RedisSettings } from '../model/settings.js';
import type { TokenServiceSettings } from '../model/tokens.js';
import type { RedisConnection } from '../redis/connection.js';

/** What the token service takes from the world around it. */
export interface TokenServiceRuntime {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: (size: number) => Uint8Array;
  /** In place of the registry's own pepper, where the operator keeps it elsewhere. */
  readonly pepper: string | undefined;
  readonly log: Log;
}

/** The verifier and the kill switch, which the gate has and the service needs. */
type GatewayDependencies = Pick<Parameters<typeof createTokenService>[0], 'verify' | 'revocations'>;

/** What of the settings the registry and what stands on it are opened by: all else is the endpoints', and may change. */
export interface TokenServiceConfig {
  readonly database: TokenServiceSettings['database'];
  readonly keyEncryptionKey: TokenServiceSettings['keyEncryptionKey'];
  /** Undefined where some tokens never expire: then no signing key is ever withdrawn. */
  readonly longestLifetimeMs: number | undefined;
}

/** What bounds the use of the endpoints, counted beyond a reload. */
export interface TokenBounds {
  readonly attempts: FailedAttempts;
  readonly revokeLimit: AppLimit;
  readonly issueLimit: AppLimit;
}

/** What the endpoints write into the log of their callers. */
export interface TokenLogging {
  /** Whether client ids and user names stand in the log as they are, instead of as keyed hashes. */
  readonly clientIds: boolean;
}

export interface TokenServiceHandle {
  readonly registry: Registry;
  readonly signer: Signer;
  /** False until the registry was read for the first time: tokens can neither be made nor verified. */
  readonly isOpen: boolean;
  serve(
    settings: TokenServiceSettings,
    bounds: TokenBounds,
    gate: GatewayDependencies,
    logging: TokenLogging,
  ): TokenService;
  administer(announce: () => Promise<void>): Administration;
  close(): Promise<void>;
}

const SWEEP_EVERY_MS = 60 * 60_000;
const RETRY_MS = 500;

/**
 * Rejects where the registry cannot be opened, or its keys cannot.
 * @param mayBeUnavailable waits for a database that is away instead: nothing rejects, and it opens when the database is there
 */
export async function openTokenService(
  { database, keyEncryptionKey, longestLifetimeMs }: TokenServiceConfig,
  { now, random, pepper: given, log }: TokenServiceRuntime,
  { mayBeUnavailable }: { readonly mayBeUnavailable: boolean } = { mayBeUnavailable: false },
): Promise<TokenServiceHandle> {
  const registry = await openRegistry(database, { log, mayBeUnavailable });
  let pepper: Uint8Array | undefined;
  const secrets = createSecrets({
    pepper() {
      if (pepper === undefined) throw new Error('the registry was not read yet');
      return pepper;
    },
    random,
    subnetOf,
  });
  const signer = createSigner({
    registry,
    vault: createKeyEncryption(keyEncryptionKey, random),
    now,
    log,
    longestLifetimeMs,
  });

  let isOpen = false;
  let retry: NodeJS.Timeout | undefined;
  let isClosed = false;
  /** What is wrong with a database that came late, told once. */
  let told: string | undefined;

  /** Reads what nothing can be done without. */
  async function open(): Promise<void> {
    pepper ??= await readPepper(registry, given, random);
    await signer.open();
    isOpen = true;
  }

  function openLater(): void {
    if (isClosed) return;
    retry = setTimeout(() => {
      open().then(() => log.info({}, 'the registry is there: the token service is open'), keepTrying);
    }, RETRY_MS).unref();
  }

  function keepTrying(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (!isUnavailable(error) && reason !== told && !isClosed) {
      log.error({ reason }, 'the token service cannot be opened');
      told = reason;
    }
    openLater();
  }

  try {
    await open();
  } catch (error) {
    if (!mayBeUnavailable || !isUnavailable(error)) {
      await registry.close();
      throw error;
    }
    openLater();
  }
  const sweeping = deleteExpiredPeriodically(registry, now, log);
  return {
    registry,
    signer,
    get isOpen() {
      return isOpen;
    },
    serve: (settings, bounds, gate, { clientIds }) =>
      createTokenService({
        ...gate,
        ...bounds,
        settings,
        nameClient: clientIds ? plainClient : (id) => ({ client_id_hash: secrets.fingerprintOfId(id) }),
        registry,
        secrets,
        signer,
        now,
        random,
        log,
      }),
    administer: (announce) => createAdministration({ registry, secrets, announce, now }),
    async close() {
      isClosed = true;
      clearTimeout(retry);
      clearInterval(sweeping);
      signer.close();
      await registry.close();
    },
  };
}

/** Another pepper than the one that the registry's secrets were hashed with: none of them would be right. */
class PepperError extends OperatorError {
  override readonly name = 'PepperError';
}

async function readPepper(
  registry: Registry,
  given: string | undefined,
  random: TokenServiceRuntime['random'],
): Promise<Uint8Array> {
  const own = given === undefined ? undefined : Buffer.from(given, 'utf8');
  const pepper = await registry.pepper(() => random(32), own);
  if (pepper) return pepper;
  throw new PepperError(
    own
      ? 'TOLLGATE_PEPPER is not the pepper that the secrets in this registry were hashed with'
      : 'the secrets in this registry were hashed with a TOLLGATE_PEPPER, and none is set',
  );
}

/** Where failures are counted, which no reload forgets. */
export function openFailedAttempts(
  { failedAttempts }: TokenServiceSettings,
  redis: RedisConnection | undefined,
  redisSettings: RedisSettings | undefined,
  { log }: Pick<TokenServiceRuntime, 'log'>,
): FailedAttempts {
  return createFailedAttempts({
    settings: failedAttempts,
    redis,
    ...(redisSettings && { keyPrefix: redisSettings.keyPrefix }),
    networkOf,
    log,
  });
}

/** Where what an app may do at the endpoints is counted, which no reload forgets. */
export function openRevokeLimit(
  { revokeLimit }: TokenServiceSettings,
  redis: RedisConnection | undefined,
  redisSettings: RedisSettings | undefined,
): AppLimit {
  return createAppLimit({ limit: revokeLimit, name: 'revoking', redis, keyPrefix: redisSettings?.keyPrefix });
}

/** Where the tokens that are issued are counted, which no reload forgets. */
export function openIssueLimit(
  { issueLimit }: TokenServiceSettings,
  redis: RedisConnection | undefined,
  redisSettings: RedisSettings | undefined,
): AppLimit {
  return createAppLimit({ limit: issueLimit, name: 'issuing', redis, keyPrefix: redisSettings?.keyPrefix });
}

function plainClient(id: string): { client_id: string } {
  return { client_id: id };
}

export function tokenServiceConfig(settings: TokenServiceSettings): TokenServiceConfig {
  const { database, keyEncryptionKey } = settings;
  return { database, keyEncryptionKey, longestLifetimeMs: longestLifetimeMs(settings) };
}

/** What has ended is removed now and then: families, used tokens, named tokens, keys, revocations. */
function deleteExpiredPeriodically(registry: Registry, now: () => number, log: Log): NodeJS.Timeout {
  const sweep = (): void => {
    registry.deleteExpired(now()).catch((error: unknown) => {
      log.warn({ err: error }, 'what has ended could not be removed from the registry');
    });
  };
  return setInterval(sweep, SWEEP_EVERY_MS).unref();
}

function longestLifetimeMs({ endpoints }: TokenServiceSettings): number | undefined {
  const { keySecret, clientCredentials, password, named } = endpoints;
  if (named || (keySecret && keySecret.lifetimeMs === undefined)) return undefined;
  const lifetimes = [keySecret, clientCredentials, password].flatMap((one) => one?.lifetimeMs ?? []);
  return Math.max(0, ...lifetimes);
}
