/**
 * What one caller may administer: the operations under the policy of the actor, with audit lines that name the actor. The
 * apps API and the console use the same operations.
 */
import type { Audit } from '../model/audit.js';
import {
  createAuditChange,
  withAudit,
  type ActorAdministration,
  type Caller,
} from './administration/audited.js';
import type { Actor } from './administration/policy.js';
import {
  createRevocationAdministration,
  type RevocationAdministration,
  type RevocationStore,
} from './administration/revocations.js';

export type { ActorAdministration, Caller } from './administration/audited.js';
export type { RevocationAdministration } from './administration/revocations.js';

/** The operations of one caller. */
export interface CallerAdministration {
  /** Apps, users, named tokens and cooldowns; undefined without a token service. */
  readonly registry: ActorAdministration | undefined;
  readonly revocations: RevocationAdministration;
}

export interface AdministrationForOptions {
  /** The operations under the policy of an actor; undefined without a token service. */
  readonly administerAs: ((actor: Actor) => ActorAdministration) | undefined;
  readonly store: RevocationStore;
  /** The names of the issuers in the file. */
  readonly issuers: ReadonlySet<string>;
  readonly audit: Audit;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Creates the function that gives each caller its operations. */
export function createAdministrationFor(
  options: AdministrationForOptions,
): (caller: Caller) => CallerAdministration {
  const { administerAs, audit } = options;
  return (caller) => {
    const inner = administerAs?.(caller.actor);
    return {
      registry: inner && withAudit(inner, createAuditChange(audit, caller)),
      revocations: createRevocationAdministration({ ...options, administration: inner }, caller),
    };
  };
}
