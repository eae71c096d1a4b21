/** Administration of cooldowns: clients that are refused for a while, because they failed to authenticate too often. */
import type { Cooldown, FailedAttempts } from '../failed-attempts.js';
import type { Registry } from '../registry/registry.js';
import { UnavailableError } from './errors.js';
import type { Policy } from './policy.js';
import { isoOf } from './views.js';

/** A cooldown in force. */
export interface CooldownView {
  readonly id: string;
  /** `pair`: one client id or user at one network; `address`: the network alone. */
  readonly kind: Cooldown['kind'];
  readonly endpoint: string;
  /** The client's address; for IPv6 its /64. */
  readonly network: string;
  /** The app or the user whose id was used, where there is one. */
  readonly app?: string;
  readonly user?: string;
  /** As in the log; absent for an address. */
  readonly client_id_hash?: string;
  readonly until: string;
}

/** All methods reject with a `NotPermittedError` for a developer, and an `UnavailableError` without Redis. */
export interface CooldownAdministration {
  /** The cooldowns in force, the one that ends last first. */
  listCooldowns(): Promise<readonly CooldownView[]>;
  /** Ends a cooldown, with its count of failures. False if there is no such cooldown. */
  endCooldown(id: string): Promise<boolean>;
}

export interface CooldownAdministrationOptions {
  readonly attempts: Pick<FailedAttempts, 'cooldowns' | 'endCooldown'>;
  readonly registry: Pick<Registry, 'listApps' | 'listUsers'>;
  /** The keyed hash by which a cooldown names its client id. */
  readonly fingerprintOfId: (id: string) => string;
  readonly policy: Policy;
}

const UNAVAILABLE = 'Redis, which has the cooldowns, is unavailable; try again';

/** Creates the administration of cooldowns. */
export function createCooldownAdministration(options: CooldownAdministrationOptions): CooldownAdministration {
  const { attempts, registry, fingerprintOfId, policy } = options;
  return {
    async listCooldowns() {
      policy.requireAdministrator('list cooldowns');
      const found = await attempts.cooldowns();
      if (found === 'unavailable') throw new UnavailableError(UNAVAILABLE);
      if (found.length === 0) return [];
      // The list has hashes only: a client may have sent its secret in place of its id.
      const apps = new Map((await registry.listApps()).map(({ key }) => [fingerprintOfId(key), key]));
      const users = new Map((await registry.listUsers()).map(({ name }) => [fingerprintOfId(name), name]));
      return [...found]
        .sort((a, b) => b.untilMs - a.untilMs)
        .map((cooldown) => cooldownView(cooldown, apps, users));
    },
    async endCooldown(id) {
      policy.requireAdministrator('end cooldowns');
      const isEnded = await attempts.endCooldown(id);
      if (isEnded === 'unavailable') throw new UnavailableError(UNAVAILABLE);
      return isEnded;
    },
  };
}

function cooldownView(
  { id, kind, endpoint, network, clientIdHash, untilMs }: Cooldown,
  apps: ReadonlyMap<string, string>,
  users: ReadonlyMap<string, string>,
): CooldownView {
  const names = endpoint === 'password' ? users : apps;
  const name = clientIdHash === undefined ? undefined : names.get(clientIdHash);
  return {
    id,
    kind,
    endpoint,
    network,
    ...(name !== undefined && (names === users ? { user: name } : { app: name })),
    ...(clientIdHash !== undefined && { client_id_hash: clientIdHash }),
    until: isoOf(untilMs),
  };
}
