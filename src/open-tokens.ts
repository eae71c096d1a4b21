/**
 * The token service, put together: the registry with what stands on it, and the gate's own issuers' keys.
 *
 * Beside `assemble.ts` the other place that chooses: the database, the pepper, where failures are counted.
 */
import {
  createFailedAttempts,
  createTokenService,
  type FailedAttempts,
  type TokenService,
} from './tokens/tokens.js';
import { createAdministration, type Administration } from './tokens/administration.js';
import { openRegistry } from './tokens/registry/open.js';
import type { Registry } from './tokens/registry/registry.js';
import { createSecrets } from './tokens/secrets.js';
import { createSigner, type Signer } from './tokens/signing/signer.js';
import { createVault } from './tokens/vault.js';
import { networkOf } from './limit/limit.js';
import type { Log } from './model/log.js';
import type { RedisSettings } from './model/settings.js';
import type { TokenServiceSettings } from './model/tokens.js';
import type { RedisConnection } from './redis/connection.js';

/** What the token service takes from the world around it. */
export interface TokenSurroundings {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: (size: number) => Uint8Array;
  /** In place of the registry's own pepper, where the operator keeps it elsewhere. */
  readonly pepper: string | undefined;
  readonly log: Log;
}

/** The verifier and the kill switch, which the gate has and the service needs. */
type FromTheGate = Pick<Parameters<typeof createTokenService>[0], 'verify' | 'revocations'>;

/** What of the settings the registry and what stands on it are opened by: all else is the endpoints', and may change. */
export interface TokenGrounds {
  readonly database: TokenServiceSettings['database'];
  readonly keyEncryptionKey: TokenServiceSettings['keyEncryptionKey'];
  /** Undefined where some tokens never expire: then no signing key is ever withdrawn. */
  readonly longestLifetimeMs: number | undefined;
}

export interface OpenTokens {
  readonly registry: Registry;
  readonly signer: Signer;
  serve(settings: TokenServiceSettings, attempts: FailedAttempts, gate: FromTheGate): TokenService;
  administer(announce: () => Promise<void>): Administration;
  close(): Promise<void>;
}

const SWEEP_EVERY_MS = 60 * 60_000;

/** Rejects where the registry cannot be opened, or its keys cannot. */
export async function openTokens(
  { database, keyEncryptionKey, longestLifetimeMs }: TokenGrounds,
  { now, random, pepper, log }: TokenSurroundings,
): Promise<OpenTokens> {
  const registry = await openRegistry(database, { log });
  const secrets = createSecrets({
    pepper: pepper === undefined ? await registry.pepper(() => random(32)) : Buffer.from(pepper, 'utf8'),
    random,
  });
  const signer = await createSigner({
    registry,
    vault: createVault(keyEncryptionKey, random),
    now,
    log,
    longestLifetimeMs,
  }).catch(async (error: unknown) => {
    await registry.close();
    throw error;
  });
  const sweeping = sweepRegularly(registry, now, log);
  return {
    registry,
    signer,
    serve: (settings, attempts, gate) =>
      createTokenService({ ...gate, settings, attempts, registry, secrets, signer, now, random, log }),
    administer: (announce) => createAdministration({ registry, secrets, announce, now }),
    async close() {
      clearInterval(sweeping);
      signer.close();
      await registry.close();
    },
  };
}

/** Where failures are counted, which no reload forgets. */
export function openAttempts(
  { failedAttempts }: TokenServiceSettings,
  redis: RedisConnection | undefined,
  redisSettings: RedisSettings | undefined,
  { log }: Pick<TokenSurroundings, 'log'>,
): FailedAttempts {
  return createFailedAttempts({
    settings: failedAttempts,
    redis,
    ...(redisSettings && { keyPrefix: redisSettings.keyPrefix }),
    networkOf,
    log,
  });
}

export function tokenGrounds(settings: TokenServiceSettings): TokenGrounds {
  const { database, keyEncryptionKey } = settings;
  return { database, keyEncryptionKey, longestLifetimeMs: longestLifetimeMs(settings) };
}

/** What has ended is removed now and then: families, used tokens, named tokens, keys, revocations. */
function sweepRegularly(registry: Registry, now: () => number, log: Log): NodeJS.Timeout {
  const sweep = (): void => {
    registry.sweep(now()).catch((error: unknown) => {
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
