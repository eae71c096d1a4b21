/**
 * What an actor may see and change. This is the only place with the rule; every operation of the administration asks it,
 * where it changes an app in the transaction of the change.
 *
 * An administrator may do everything. A developer is a user of the token service. A developer sees the apps of the own
 * organization only, and grants only what the own scopes cover. To rotate the secret of an app is to get its scopes, so
 * the own scopes must cover those too.
 */
import { covers } from '../../model/scope.js';
import { NotPermittedError } from './errors.js';

export interface Developer {
  readonly kind: 'developer';
  /** The user's name. */
  readonly user: string;
  /** Undefined: the developer sees no app. */
  readonly organization: string | undefined;
  readonly scopes: readonly string[];
}

export type Actor = { readonly kind: 'administrator' } | Developer;

export interface Policy {
  /** The actor, if it is a developer. */
  readonly developer: Developer | undefined;
  /** Whether the actor sees an app of this organization. An app that is not seen does not exist for the actor. */
  seesApp(organization: string | undefined): boolean;
  /** Whether the actor may have tokens of an app: whether they may rotate its secret, and get them so. */
  mayHaveTokensOf(app: {
    readonly organization: string | undefined;
    readonly scopes: readonly string[];
  }): boolean;
  /**
   * The organization of a new or changed app.
   *
   * @param wanted undefined: none
   * @throws NotPermittedError unless the actor may assign it
   */
  requireOrganization(wanted: string | undefined): void;
  /** @throws NotPermittedError unless the actor may grant, or get, all of the scopes */
  requireScopes(scopes: readonly string[]): void;
  /**
   * @param what the operation, for the message
   * @throws NotPermittedError unless the actor is an administrator
   */
  requireAdministrator(what: string): void;
}

/** The policy of an administrator. */
export const UNRESTRICTED: Policy = {
  developer: undefined,
  seesApp: () => true,
  mayHaveTokensOf: () => true,
  requireOrganization: () => undefined,
  requireScopes: () => undefined,
  requireAdministrator: () => undefined,
};

/** Creates the policy of an actor. */
export function policyOf(actor: Actor): Policy {
  if (actor.kind === 'administrator') return UNRESTRICTED;
  const { organization: own, scopes: granted } = actor;
  const seesApp = (organization: string | undefined): boolean => own !== undefined && organization === own;
  const uncovered = (scopes: readonly string[]): readonly string[] =>
    scopes.filter((scope) => !granted.some((one) => covers(one, scope)));
  return {
    developer: actor,
    seesApp,
    mayHaveTokensOf: ({ organization, scopes }) => seesApp(organization) && uncovered(scopes).length === 0,
    requireOrganization(wanted) {
      if (own === undefined)
        throw new NotPermittedError('you belong to no organization, so you have no apps');
      if (!seesApp(wanted))
        throw new NotPermittedError('the organization must be your own; only an administrator changes it');
    },
    requireScopes(scopes) {
      const missing = uncovered(scopes);
      if (missing.length > 0)
        throw new NotPermittedError(
          `your own scopes do not cover ${missing.map((one) => `"${one}"`).join(', ')}`,
        );
    },
    requireAdministrator(what) {
      throw new NotPermittedError(`only an administrator may ${what}`);
    },
  };
}
