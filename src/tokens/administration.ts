/**
 * Administration of apps, users and named tokens, for the commands, the apps API and the console. Running gateways apply a
 * change within a second, because every change increases the registry's revision.
 */
import type { Revocation } from '../model/revocation.js';
import { createAppAdministration, type AppAdministration } from './administration/apps.js';
import type { Policy } from './administration/policy.js';
import { createUserAdministration, type UserAdministration } from './administration/users.js';
import type { Registry } from './registry/registry.js';
import type { Secrets } from './secrets.js';

export type { AppPatch, AppRequest } from './administration/apps.js';

export interface AdministrationOptions {
  readonly registry: Registry;
  readonly secrets: Secrets;
  /** Notifies the gateways that revocations have changed. */
  readonly publishRevision: () => Promise<void>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** What the actor may see and change. */
  readonly policy: Policy;
}

export interface Administration extends AppAdministration, UserAdministration {}

/** Creates the administration of one registry, for one actor. */
export function createAdministration(options: AdministrationOptions): Administration {
  return { ...createAppAdministration(options), ...createUserAdministration(options) };
}

/** The revocation of an app, without an end; of every issuer if `issuer` is undefined. */
export function appRevocation(app: string, issuer: string | undefined, nowMs: number): Revocation {
  return {
    kind: 'app',
    issuer,
    id: app,
    revokedAtMs: nowMs,
    issuedBeforeMs: undefined,
    generation: undefined,
    endsAtMs: undefined,
    cause: 'revoked',
  };
}
