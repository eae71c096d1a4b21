/** Administration of apps and their named tokens, under the policy of an actor. */
import type { Revocation } from '../../model/revocation.js';
import { covers } from '../../model/scope.js';
import { NAMED, TOKENS } from '../../model/tokens.js';
import type { App, AppChange, NewApp, Owner, Registry } from '../registry/registry.js';
import { tokenRevocation } from '../revoked.js';
import type { Secrets } from '../secrets.js';
import { checkAppScopes, checkName, overlapMs } from './checks.js';
import { AdministrationError, NotPermittedError } from './errors.js';
import type { Policy } from './policy.js';
import { appView, isoOf, namedTokenView, type AppView, type NamedTokenView } from './views.js';

export interface AppRequest {
  readonly name: string;
  readonly scopes: readonly string[];
  /** By default a developer's own. */
  readonly organization?: string | undefined;
  /** Of a developer's app it is the developer. */
  readonly owner?: Owner | undefined;
}

/** What changes of an app; what is absent stays. */
export interface AppPatch {
  readonly name?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** Null: none. */
  readonly organization?: string | null | undefined;
}

export type ChangedApp = AppView & {
  /** Whether the tokens that the app had before are refused, because it lost a scope or has another organization. */
  readonly tokens_revoked: boolean;
};

export interface RotatedSecret {
  readonly key: string;
  readonly secret: string;
  /** Until when the replaced secret is accepted; absent: no longer. */
  readonly previous_secret_until?: string;
}

/** All methods reject with an `AdministrationError` if the request is invalid or not permitted. */
export interface AppAdministration {
  /** Creates an app. */
  createApp(request: AppRequest): Promise<AppView & { readonly secret: string }>;
  findApp(key: string): Promise<AppView | undefined>;
  /** Apps that are not deleted, oldest first. */
  listApps(): Promise<readonly AppView[]>;
  /**
   * Changes an app. If it loses a scope or gets another organization, its earlier tokens are refused, named ones too,
   * because they carry what it no longer has. Undefined if there is no such app.
   */
  updateApp(key: string, patch: AppPatch): Promise<ChangedApp | undefined>;
  /** Deletes an app and refuses its tokens. False if there is no such app. */
  deleteApp(key: string): Promise<boolean>;
  /**
   * Replaces the secret. Undefined if there is no such app.
   *
   * @param overlap how long the replaced secret is accepted, such as `1h`, at most 30 days; by default not at all
   */
  rotateSecret(key: string, overlap?: string): Promise<RotatedSecret | undefined>;
  /** Unexpired named tokens, revoked ones included, oldest first; those of one app if `app` is given. */
  listNamedTokens(app?: string): Promise<readonly NamedTokenView[] | undefined>;
  /** The revocation that refuses a named token while any gateway could accept it; undefined if there is no such token. */
  namedTokenRevocation(jti: string): Promise<Revocation | undefined>;
}

export interface AppAdministrationOptions {
  readonly registry: Registry;
  readonly secrets: Secrets;
  /** Notifies the gateways that revocations have changed. */
  readonly publishRevision: () => Promise<void>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly policy: Policy;
}

/** The issuers of an app's tokens. */
const ISSUERS = [TOKENS, NAMED];

/** Creates the administration of apps. */
export function createAppAdministration(options: AppAdministrationOptions): AppAdministration {
  const { registry, secrets, publishRevision, now, policy } = options;

  /** Decides on the app in the transaction that rotates. Who gets the secret gets the scopes. */
  function mayRotate({ organization, scopes }: App): boolean {
    if (!policy.seesApp(organization)) return false;
    policy.requireScopes(scopes);
    return true;
  }

  async function findApp(key: string): Promise<AppView | undefined> {
    const app = await registry.findApp(key);
    return app && policy.seesApp(app.organization) ? appView(app, now()) : undefined;
  }

  async function listApps(): Promise<readonly AppView[]> {
    const apps = await registry.listApps();
    return apps.flatMap((app) => (policy.seesApp(app.organization) ? appView(app, now()) : []));
  }

  return {
    findApp,
    listApps,
    async createApp(request) {
      const app = newApp(request, options);
      const secret = secrets.newSecret();
      await registry.createApp({ ...app, secretHash: secrets.hash(secret) });
      return { ...appView(app, now()), secret };
    },
    async updateApp(key, patch) {
      checkPatch(patch);
      const decided = { endsTokens: false };
      const decide = (app: App): AppChange | undefined => {
        if (!policy.seesApp(app.organization)) return undefined;
        const change = changeOf(app, patch, policy);
        decided.endsTokens = change.endsTokens;
        return change;
      };
      const app = await registry.updateApp(key, decide, now(), ISSUERS);
      if (app === undefined) return undefined;
      const { endsTokens } = decided;
      if (endsTokens) await publishRevision();
      return { ...appView(app, now()), tokens_revoked: endsTokens };
    },
    async deleteApp(key) {
      const deleted = await registry.deleteApp(key, now(), ISSUERS, ({ organization }) =>
        policy.seesApp(organization),
      );
      if (deleted) await publishRevision();
      return deleted;
    },
    async rotateSecret(key, overlap) {
      const forMs = overlap === undefined ? 0 : overlapMs(overlap);
      const untilMs = forMs === 0 ? undefined : now() + forMs;
      const secret = secrets.newSecret();
      if (!(await registry.rotateSecret(key, secrets.hash(secret), untilMs, mayRotate))) return undefined;
      return { key, secret, ...(untilMs !== undefined && { previous_secret_until: isoOf(untilMs) }) };
    },
    async listNamedTokens(app) {
      if (policy.developer && app !== undefined && !(await findApp(app))) return undefined;
      const tokens = (await registry.listNamedTokens(now(), app)).map(namedTokenView);
      if (!policy.developer || app !== undefined) return tokens;
      const own = new Set((await listApps()).map(({ key }) => key));
      return tokens.filter((token) => own.has(token.app));
    },
    async namedTokenRevocation(jti) {
      const token = await registry.findNamedToken(jti);
      if (token === undefined) return undefined;
      if (policy.developer && !(await findApp(token.clientId))) return undefined;
      const { endsAtMs } = token;
      const expS = endsAtMs === undefined ? undefined : endsAtMs / 1000;
      return tokenRevocation({ issuer: NAMED, jti, expS }, now());
    },
  };
}

function newApp(
  { name, scopes, organization: wanted, owner }: AppRequest,
  { secrets, now, policy }: AppAdministrationOptions,
): Omit<NewApp, 'secretHash'> {
  const { developer } = policy;
  const organization = wanted ?? developer?.organization;
  checkName('name', name);
  if (organization !== undefined) checkName('organization', organization);
  if (owner) checkName('name of the owner', owner.uname);
  checkAppScopes(scopes);
  policy.requireOrganization(organization);
  policy.requireScopes(scopes);
  if (developer && owner) throw new NotPermittedError('only an administrator may name an owner');
  return {
    key: secrets.newKey(),
    name,
    // The owner is a claim of the app's tokens, so a developer cannot name somebody else.
    owner: developer ? { uid: developer.user, uname: developer.user, uavatar: '' } : owner,
    organization,
    scopes,
    createdAtMs: now(),
  };
}

function checkPatch({ name, scopes, organization }: AppPatch): void {
  if (name === undefined && scopes === undefined && organization === undefined)
    throw new AdministrationError('give a name, scopes or an organization to change');
  if (name !== undefined) checkName('name', name);
  if (scopes !== undefined) checkAppScopes(scopes);
  if (typeof organization === 'string') checkName('organization', organization);
}

function changeOf(app: App, patch: AppPatch, policy: Policy): AppChange {
  const { name = app.name, scopes = app.scopes } = patch;
  const organization =
    patch.organization === undefined ? app.organization : (patch.organization ?? undefined);
  if (patch.organization !== undefined) policy.requireOrganization(organization);
  if (patch.scopes !== undefined) policy.requireScopes(scopes);
  const losesScope = !app.scopes.every((scope) => scopes.some((one) => covers(one, scope)));
  return { name, scopes, organization, endsTokens: losesScope || organization !== app.organization };
}
