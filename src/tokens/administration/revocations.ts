/** Administration of revocations: of apps, also of other issuers, and of tokens. It works without a token service too. */
import type { Audit } from '../../model/audit.js';
import type { Revocation } from '../../model/revocation.js';
import { NAMED, TOKENS } from '../../model/tokens.js';
import { appRevocation, type Administration } from '../administration.js';
import { tokenRevocation } from '../revoked.js';
import { createAuditChange, type Caller } from './audited.js';
import { AdministrationError, ConflictError, NotPermittedError, UnavailableError } from './errors.js';
import { policyOf, type Policy } from './policy.js';
import { isoOf } from './views.js';

/** A revocation in force. Times are ISO 8601. */
export interface RevocationView {
  /** By which it can be undone. */
  readonly id: string;
  readonly kind: Revocation['kind'];
  /** The app's id or the user's name, the token's `jti`, or the login's `sid`. */
  readonly subject: string;
  /** Absent: every issuer. */
  readonly issuer?: string;
  readonly cause: Revocation['cause'];
  readonly revoked: string;
  /** Absent: it has no end. */
  readonly ends?: string;
  /** Tokens of this `gen` and smaller ones are refused; absent: all. */
  readonly generation?: number;
}

/** Either an app or a token. */
export interface RevocationRequest {
  readonly app?: string | undefined;
  readonly token?: string | undefined;
  /** The issuer's name in the file; by default every issuer for an app, `named` for a token. */
  readonly issuer?: string | undefined;
}

/** All methods reject with an `AdministrationError` if the request is invalid or not permitted. */
export interface RevocationAdministration {
  /** Those in force, the newest first. A developer sees those of the own apps and their named tokens. */
  list(): Promise<readonly RevocationView[]>;
  /** Revokes an app or a token. Undefined if a developer sees no such app, or there is no such named token. */
  revoke(request: RevocationRequest): Promise<RevocationView | undefined>;
  /** Undoes the revocation of an app. False if there is no such revocation. */
  undo(id: string): Promise<boolean>;
}

/** Where revocations are stored. */
export interface RevocationStore {
  list(): Promise<readonly Revocation[] | 'unavailable'>;
  revoke(revocation: Revocation): Promise<'done' | 'unavailable'>;
  restore(issuer: string | undefined, app: string): Promise<boolean | 'unavailable'>;
}

export interface RevocationAdministrationOptions {
  readonly store: RevocationStore;
  /** Undefined without a token service. */
  readonly administration: Administration | undefined;
  /** The names of the issuers in the file. */
  readonly issuers: ReadonlySet<string>;
  readonly audit: Audit;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Creates the administration of revocations for a caller. */
export function createRevocationAdministration(
  options: RevocationAdministrationOptions,
  caller: Caller,
): RevocationAdministration {
  const { store, administration, now } = options;
  const policy = policyOf(caller.actor);
  const auditChange = createAuditChange(options.audit, caller);

  async function readAll(): Promise<readonly Revocation[]> {
    const all = await store.list();
    if (all === 'unavailable') throw new UnavailableError('the revocations cannot be read; try again');
    return all;
  }

  async function revocationOf(request: RevocationRequest): Promise<Revocation | undefined> {
    const { app, token, issuer } = request;
    if (token === undefined) {
      if (app === undefined) throw new AdministrationError('give an app or a token to revoke');
      if (policy.developer && !(await administration?.findApp(app))) return undefined;
      return appRevocation(app, issuer, now());
    }
    if (issuer === undefined || issuer === NAMED) return administration?.namedTokenRevocation(token);
    // Of another issuer's token only the `jti` is known, and of the issuer `tokens` the registry has none.
    policy.requireAdministrator(`revoke tokens of the issuer "${issuer}"`);
    return tokenRevocation({ issuer, jti: token, expS: undefined }, now());
  }

  return {
    async list() {
      const all = policy.developer ? await ownOf(await readAll(), administration) : await readAll();
      return all.map(revocationView).sort((a, b) => b.revoked.localeCompare(a.revoked));
    },
    async revoke(request) {
      checkRequest(request, options.issuers, policy);
      const revocation = await revocationOf(request);
      if (revocation === undefined) return undefined;
      if ((await store.revoke(revocation)) === 'unavailable')
        throw new UnavailableError('the revocation could not be recorded; try again');
      const { kind, id, issuer } = revocation;
      const at = issuer === undefined ? {} : { issuer };
      if (kind === 'app') auditChange({ action: 'app_revoked', app: id, ...at });
      else auditChange({ action: 'token_revoked', token: id, ...at });
      return revocationView(revocation);
    },
    async undo(id) {
      policy.requireAdministrator('undo revocations');
      const found = (await readAll()).find((one) => idOf(one) === id);
      if (found === undefined) return false;
      if (found.kind !== 'app' || found.cause !== 'revoked')
        throw new ConflictError(
          'only the revocation of an app can be undone: a revoked token, a deletion or a change stays in force',
        );
      const isUndone = await store.restore(found.issuer, found.id);
      if (isUndone === 'unavailable')
        throw new UnavailableError('the revocation could not be undone; try again');
      const at = found.issuer === undefined ? {} : { issuer: found.issuer };
      if (isUndone) auditChange({ action: 'app_restored', app: found.id, ...at });
      return isUndone;
    },
  };
}

function checkRequest(
  { app, token, issuer }: RevocationRequest,
  issuers: ReadonlySet<string>,
  { developer }: Policy,
): void {
  if (issuer !== undefined && !issuers.has(issuer))
    throw new AdministrationError(`unknown issuer "${issuer}"`);
  if (app !== undefined && token !== undefined)
    throw new AdministrationError('give either "app" or "token", not both');
  if (developer && issuer !== undefined && issuer !== TOKENS && issuer !== NAMED)
    throw new NotPermittedError(`only an administrator may revoke at the issuer "${issuer}"`);
}

/** The revocations of the apps that the administration's actor sees, and of their named tokens. */
async function ownOf(
  all: readonly Revocation[],
  administration: Administration | undefined,
): Promise<readonly Revocation[]> {
  const apps = new Set((await administration?.listApps())?.map(({ key }) => key));
  const tokens = new Set((await administration?.listNamedTokens())?.map(({ jti }) => jti));
  return all.filter(({ kind, issuer, id }) => {
    if (kind === 'token') return issuer === NAMED && tokens.has(id);
    return kind === 'app' && (issuer === undefined || issuer === TOKENS || issuer === NAMED) && apps.has(id);
  });
}

function revocationView(revocation: Revocation): RevocationView {
  const { kind, id, issuer, cause, revokedAtMs, endsAtMs, generation } = revocation;
  return {
    id: idOf(revocation),
    kind,
    subject: id,
    ...(issuer !== undefined && { issuer }),
    cause,
    revoked: isoOf(revokedAtMs),
    ...(endsAtMs !== undefined && { ends: isoOf(endsAtMs) }),
    ...(generation !== undefined && { generation }),
  };
}

/** Safe in a path. No two revocations in force have the same. */
function idOf({ kind, issuer, id, cause }: Revocation): string {
  return Buffer.from(JSON.stringify([kind, issuer ?? null, id, cause])).toString('base64url');
}
