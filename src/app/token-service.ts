/**
 * Composes the token service: the registry, the signer and the endpoints. Called by `resources.ts` and `src/cli/`.
 * This file chooses the database and the pepper.
 */
import {
  createAppUses,
  createTokenService,
  type NameClient,
  type FailedAttempts,
  type TokenService,
} from '../tokens/tokens.js';
import { createAdministration, type Administration } from '../tokens/administration.js';
import { createCooldownAdministration } from '../tokens/administration/cooldowns.js';
import { policyOf, UNRESTRICTED, type Actor } from '../tokens/administration/policy.js';
import type { ActorAdministration } from '../tokens/administration-for.js';
import { RegistryAuditTrail } from '../tokens/audit-trail.js';
import { openRegistry } from '../tokens/registry/open.js';
import type { Registry } from '../tokens/registry/registry.js';
import { createSecrets } from '../tokens/secrets.js';
import { createUserLogin, type UserLogin } from '../tokens/user-login.js';
import { createSigner, type Signer } from '../tokens/signing/signer.js';
import { createKeyEncryption } from '../tokens/key-encryption.js';
import { subnetOf } from '../limit/limit.js';
import { createAudit, type Audit } from '../model/audit.js';
import type { Log } from '../model/log.js';
import { OperatorError } from '../model/operator-error.js';
import type { TokenServiceSettings } from '../model/tokens.js';
import { RetriedOpening } from './retried-opening.js';
import type { TokenServiceLimits } from './token-service-limits.js';

/** The clock, randomness, pepper and log for the token service. */
export interface TokenServiceRuntime {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: (size: number) => Uint8Array;
  /** Replaces the registry's own pepper, where the operator keeps it elsewhere. */
  readonly pepper: string | undefined;
  readonly log: Log;
  /** Records administrative changes; by default in the log alone. */
  readonly audit?: Audit;
}

/** The gateway's verifier and revocations, which the service uses. */
type GatewayDependencies = Pick<Parameters<typeof createTokenService>[0], 'verify' | 'revocations'>;

/** The settings of the registry and the signer. A reload applies all other token settings to the endpoints alone. */
export interface TokenServiceConfig {
  readonly database: TokenServiceSettings['database'];
  readonly keyEncryptionKey: TokenServiceSettings['keyEncryptionKey'];
  readonly previousKeyEncryptionKey: TokenServiceSettings['previousKeyEncryptionKey'];
  /** Undefined where some tokens never expire: no signing key is then withdrawn. */
  readonly longestLifetimeMs: number | undefined;
}

/** How the endpoints log their callers. */
export interface TokenLogging {
  /** Whether the log has client ids and user names in plain text, instead of as keyed hashes. */
  readonly clientIds: boolean;
}

export interface TokenServiceHandle {
  readonly registry: Registry;
  readonly signer: Signer;
  /** The administrative changes of all gateways and commands that share the registry. */
  readonly auditTrail: RegistryAuditTrail;
  /** False until the registry was read for the first time: until then no token can be issued or verified. */
  readonly isOpen: boolean;
  serve(
    settings: TokenServiceSettings,
    limits: TokenServiceLimits,
    gateway: GatewayDependencies,
    logging: TokenLogging,
  ): TokenService;
  /** A keyed hash that stands for a client id. Throws until the registry was read. */
  readonly fingerprintOfId: (id: string) => string;
  /** The administration without restriction, for commands. */
  administer(publishRevision: () => Promise<void>): Administration;
  /** The administration under the policy of an actor. */
  administerAs(
    actor: Actor,
    publishRevision: () => Promise<void>,
    attempts: FailedAttempts,
  ): ActorAdministration;
  /** Verifies users of the console, and logs who fails. */
  createUserLogin(attempts: FailedAttempts, logging: TokenLogging): UserLogin;
  close(): Promise<void>;
}

const DELETE_EXPIRED_EVERY_MS = 60 * 60_000;

/**
 * Opens the registry and the signing keys. Rejects where either cannot be opened.
 * @param mayBeUnavailable resolves although the database is unavailable, and retries until it is available
 */
export async function openTokenService(
  { database, longestLifetimeMs, ...encryption }: TokenServiceConfig,
  { now, random, pepper: configuredPepper, log, audit = createAudit(log) }: TokenServiceRuntime,
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
  const hashedClient: NameClient = (id) => ({ client_id_hash: secrets.fingerprintOfId(id) });
  const keyEncryption = createKeyEncryption(encryption, random);
  const signer = createSigner({ registry, keyEncryption, now, log, longestLifetimeMs });
  const opening = new RetriedOpening(async () => {
    pepper ??= await readPepper(registry, configuredPepper, random);
    await signer.open();
  }, log);
  await opening.start(mayBeUnavailable).catch(async (error: unknown) => {
    await registry.close();
    throw error;
  });
  const deletion = deleteExpiredPeriodically(registry, now, log);
  const auditTrail = new RegistryAuditTrail({ registry, audit, now, random, log });
  const appUses = createAppUses({ registry, now, log });
  return {
    registry,
    signer,
    auditTrail,
    get isOpen() {
      return opening.isOpen;
    },
    serve: (settings, limits, gateway, { clientIds }) =>
      createTokenService({
        ...gateway,
        ...limits,
        settings,
        nameClient: clientIds ? plainClient : hashedClient,
        registry,
        secrets,
        signer,
        recordAppUse: (key) => appUses.record(key),
        now,
        random,
        log,
        audit: auditTrail.record,
      }),
    fingerprintOfId: (id) => secrets.fingerprintOfId(id),
    administer: (publishRevision) =>
      createAdministration({ registry, secrets, publishRevision, now, policy: UNRESTRICTED }),
    administerAs(actor, publishRevision, attempts) {
      const options = { registry, secrets, publishRevision, now, policy: policyOf(actor), attempts };
      return {
        ...createAdministration(options),
        ...createCooldownAdministration({
          ...options,
          fingerprintOfId: (id) => secrets.fingerprintOfId(id),
        }),
      };
    },
    createUserLogin: (attempts, { clientIds }) =>
      loggingFailures(
        createUserLogin({ registry, secrets, attempts }),
        clientIds ? plainClient : hashedClient,
        log,
      ),
    async close() {
      opening.stop();
      clearInterval(deletion);
      await appUses.close();
      await auditTrail.settled();
      signer.close();
      await registry.close();
    },
  };
}

/** The pepper is not the one with which the registry's secrets were hashed, so no secret would match. */
class PepperError extends OperatorError {
  override readonly name = 'PepperError';
}

async function readPepper(
  registry: Registry,
  configured: string | undefined,
  random: TokenServiceRuntime['random'],
): Promise<Uint8Array> {
  const own = configured === undefined ? undefined : Buffer.from(configured, 'utf8');
  const pepper = await registry.pepper(() => random(32), own);
  if (pepper) return pepper;
  throw new PepperError(
    own
      ? 'TOLLGATE_PEPPER is not the pepper that the secrets in this registry were hashed with'
      : 'the secrets in this registry were hashed with a TOLLGATE_PEPPER, but none is set',
  );
}

/** Adds a line for each failed sign-in at the console; the token endpoints log their own. */
function loggingFailures(logIn: UserLogin, nameClient: NameClient, log: Log): UserLogin {
  return async (name, password, from) => {
    const user = await logIn(name, password, from);
    const origin = { client_ip: from.address, endpoint: 'console' };
    if (user === undefined) log.info({ ...origin, ...nameClient(name) }, 'wrong credentials');
    return user;
  };
}

function plainClient(id: string): { client_id: string } {
  return { client_id: id };
}

/** Selects the settings by which the registry and the signer are opened. */
export function tokenServiceConfig(settings: TokenServiceSettings): TokenServiceConfig {
  const { database, keyEncryptionKey, previousKeyEncryptionKey } = settings;
  return {
    database,
    keyEncryptionKey,
    previousKeyEncryptionKey,
    longestLifetimeMs: longestLifetimeMs(settings),
  };
}

/** Deletes expired rows once an hour: families, used tokens, named tokens, keys, revocations. */
function deleteExpiredPeriodically(registry: Registry, now: () => number, log: Log): NodeJS.Timeout {
  const deleteExpired = (): void => {
    registry.deleteExpired(now()).catch((error: unknown) => {
      log.warn({ err: error }, 'expired rows could not be deleted from the registry');
    });
  };
  return setInterval(deleteExpired, DELETE_EXPIRED_EVERY_MS).unref();
}

function longestLifetimeMs({ endpoints }: TokenServiceSettings): number | undefined {
  const { keySecret, clientCredentials, password, named } = endpoints;
  if (named || (keySecret && keySecret.lifetimeMs === undefined)) return undefined;
  const lifetimes = [keySecret, clientCredentials, password].flatMap((one) => one?.lifetimeMs ?? []);
  return Math.max(0, ...lifetimes);
}
