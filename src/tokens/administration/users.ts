/** Administration of users: the people who log in at the password endpoint and the console. */
import { TOKENS } from '../../model/tokens.js';
import { passwordError } from '../passwords.js';
import type { Registry, User } from '../registry/registry.js';
import type { Secrets } from '../secrets.js';
import { checkName, checkScopes } from './checks.js';
import { AdministrationError, ConflictError } from './errors.js';
import type { Policy } from './policy.js';
import { isoOf } from './views.js';

/** A user, without the hash of the password. */
export interface UserView extends Pick<User, 'name' | 'scopes'> {
  readonly organization?: string;
  readonly created: string;
}

/** All methods reject with a `NotPermittedError` for a developer. */
export interface UserAdministration {
  /** Adds a user. Rejects with an `AdministrationError` if the name is taken, or a value is invalid. */
  addUser(
    name: string,
    password: string,
    scopes: readonly string[],
    organization?: string,
  ): Promise<UserView>;
  /** All users, oldest first. */
  listUsers(): Promise<readonly UserView[]>;
  /** Deletes a user and refuses the user's tokens. False if there is no such user. */
  deleteUser(name: string): Promise<boolean>;
}

export interface UserAdministrationOptions {
  readonly registry: Registry;
  readonly secrets: Secrets;
  /** Notifies the gateways that revocations have changed. */
  readonly publishRevision: () => Promise<void>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly policy: Policy;
}

/** Creates the administration of users. */
export function createUserAdministration(options: UserAdministrationOptions): UserAdministration {
  const { registry, secrets, publishRevision, now, policy } = options;
  return {
    async addUser(name, password, scopes, organization) {
      policy.requireAdministrator('add users');
      checkName('name', name);
      if (organization !== undefined) checkName('organization', organization);
      checkScopes(scopes);
      const reason = passwordError(password);
      if (reason !== undefined) throw new AdministrationError(reason);
      const passwordHash = await secrets.hashPassword(password);
      const user = { name, passwordHash, scopes, organization, createdAtMs: now() };
      if (!(await registry.addUser(user))) throw new ConflictError(`there is a user "${name}" already`);
      return userView(user);
    },
    async listUsers() {
      policy.requireAdministrator('list users');
      return (await registry.listUsers()).map(userView);
    },
    async deleteUser(name) {
      policy.requireAdministrator('delete users');
      const deleted = await registry.deleteUser(name, now(), TOKENS);
      if (deleted) await publishRevision();
      return deleted;
    },
  };
}

function userView({ name, scopes, organization, createdAtMs }: Omit<User, 'generation'>): UserView {
  return {
    name,
    scopes,
    ...(organization !== undefined && { organization }),
    created: isoOf(createdAtMs),
  };
}
