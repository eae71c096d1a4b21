/**
 * Administration of apps, users and named tokens, for the commands and the apps API. Running gateways apply a change
 * within a second, because every change increases the registry's revision.
 */
import { OperatorError } from '../model/operator-error.js';
import type { Revocation } from '../model/revocation.js';
import { isScopeToken } from '../model/scope.js';
import { NAMED, TOKENS } from '../model/tokens.js';
import type { NamedToken, NewApp, Owner, Registry, User } from './registry/registry.js';
import { tokenRevocation } from './revoked.js';
import type { Secrets } from './secrets.js';

/** An app as administrators see it. It never has the secret, which is shown once, at creation. */
export interface AppView {
  readonly key: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly organization?: string;
  readonly owner?: Owner;
  readonly created: string;
}

/** A named token as administrators see it, without the token itself. */
export interface NamedTokenView {
  readonly jti: string;
  /** The key of the app that created it. */
  readonly app: string;
  readonly name: string;
  readonly description: string;
  readonly created: string;
  /** Absent if it never expires. */
  readonly expires?: string;
}

export interface AppRequest {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly organization?: string | undefined;
  readonly owner?: Owner | undefined;
}

/** An administrator's request is invalid. The message is one sentence. */
export class AdministrationError extends OperatorError {
  override readonly name = 'AdministrationError';
}

export interface AdministrationOptions {
  readonly registry: Registry;
  readonly secrets: Secrets;
  /** Notifies the gateways that revocations have changed. */
  readonly publishRevision: () => Promise<void>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface Administration {
  /** Creates an app. Rejects with an `AdministrationError` if a name or scope is invalid, or there is no scope. */
  createApp(request: AppRequest): Promise<AppView & { readonly secret: string }>;
  findApp(key: string): Promise<AppView | undefined>;
  /** Apps that are not deleted, oldest first. */
  listApps(): Promise<readonly AppView[]>;
  /** Deletes an app and refuses its tokens. False if there is no such app. */
  deleteApp(key: string): Promise<boolean>;
  /** Replaces the secret and returns the new one; undefined if there is no such app. */
  rotateSecret(key: string): Promise<string | undefined>;
  /** Unexpired named tokens, revoked ones included, oldest first; those of one app if `app` is given. */
  listNamedTokens(app?: string): Promise<readonly NamedTokenView[]>;
  /** The revocation that refuses a named token while any gateway could accept it; undefined if there is no such token. */
  namedTokenRevocation(jti: string): Promise<Revocation | undefined>;
  /** Adds a user. Rejects with an `AdministrationError` if the name is taken, or a name or scope is invalid. */
  addUser(name: string, password: string, scopes: readonly string[], organization?: string): Promise<void>;
  /** All users, oldest first, without their password hashes. */
  listUsers(): Promise<readonly Pick<User, 'name' | 'scopes' | 'organization'>[]>;
  /** Deletes a user and refuses the user's tokens. False if there is no such user. */
  deleteUser(name: string): Promise<boolean>;
}

const MAX_NAME = 256;

/** Creates the administration of one registry. */
export function createAdministration({
  registry,
  secrets,
  publishRevision,
  now,
}: AdministrationOptions): Administration {
  return {
    async createApp({ name, scopes, organization, owner }) {
      checkName('name', name);
      if (organization !== undefined) checkName('organization', organization);
      checkScopes(scopes);
      // An app without a scope can access nothing. A user without one can still log in.
      if (scopes.length === 0) throw new AdministrationError('at least one scope is needed');
      const secret = secrets.newSecret();
      const app: NewApp = {
        key: secrets.newKey(),
        secretHash: secrets.hash(secret),
        name,
        owner,
        organization,
        scopes,
        createdAtMs: now(),
      };
      await registry.createApp(app);
      return { ...appView(app), secret };
    },
    async findApp(key) {
      const app = await registry.findApp(key);
      return app && appView(app);
    },
    listApps: async () => (await registry.listApps()).map(appView),
    async deleteApp(key) {
      const deleted = await registry.deleteApp(key, now(), [TOKENS, NAMED]);
      if (deleted) await publishRevision();
      return deleted;
    },
    async rotateSecret(key) {
      const secret = secrets.newSecret();
      return (await registry.rotateSecret(key, secrets.hash(secret))) ? secret : undefined;
    },
    listNamedTokens: async (app) => (await registry.listNamedTokens(now(), app)).map(namedTokenView),
    async namedTokenRevocation(jti) {
      const token = await registry.findNamedToken(jti);
      const endsAtMs = token?.endsAtMs;
      const expS = endsAtMs === undefined ? undefined : endsAtMs / 1000;
      return token && tokenRevocation({ issuer: NAMED, jti, expS }, now());
    },
    async addUser(name, password, scopes, organization) {
      checkName('name', name);
      checkScopes(scopes);
      const passwordHash = await secrets.hashPassword(password);
      const user = { name, passwordHash, scopes, organization, createdAtMs: now() };
      if (!(await registry.addUser(user))) throw new AdministrationError(`there is a user "${name}" already`);
    },
    listUsers: async () =>
      (await registry.listUsers()).map(({ name, scopes, organization }) => ({ name, scopes, organization })),
    async deleteUser(name) {
      const deleted = await registry.deleteUser(name, now(), TOKENS);
      if (deleted) await publishRevision();
      return deleted;
    },
  };
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

function namedTokenView({
  jti,
  clientId,
  name,
  description,
  createdAtMs,
  endsAtMs,
}: NamedToken): NamedTokenView {
  return {
    jti,
    app: clientId,
    name,
    description,
    created: new Date(createdAtMs).toISOString(),
    ...(endsAtMs !== undefined && { expires: new Date(endsAtMs).toISOString() }),
  };
}

function appView({ key, name, scopes, organization, owner, createdAtMs }: NewApp): AppView {
  return {
    key,
    name,
    scopes,
    ...(organization !== undefined && { organization }),
    ...(owner && { owner }),
    created: new Date(createdAtMs).toISOString(),
  };
}

function checkName(what: string, text: string): void {
  if (text.trim() === '' || text.length > MAX_NAME || /\p{Cc}/u.test(text)) {
    throw new AdministrationError(
      `the ${what} must be 1 to ${MAX_NAME} characters without control characters`,
    );
  }
}

function checkScopes(scopes: readonly string[]): void {
  const bad = scopes.find((scope) => !isScopeToken(scope));
  if (bad !== undefined) throw new AdministrationError(`"${bad}" is no scope`);
}
