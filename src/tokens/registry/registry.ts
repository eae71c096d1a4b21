/**
 * The registry: the token service's database, as one interface over SQLite and PostgreSQL.
 *
 * Every method is one transaction: it is complete when its promise resolves, or has changed nothing. All methods reject
 * if the database is unavailable. Times are epoch milliseconds. Secrets and tokens are stored as hashes only.
 */
import type { AuditPosition, AuditRow } from '../../model/audit-record.js';
import type { Revocation, RevocationKey } from '../../model/revocation.js';
import type {
  App,
  NewApp,
  AppChange,
  AppCheck,
  User,
  RefreshFamily,
  RefreshUse,
  NamedToken,
  SigningKey,
  RevocationChanges,
  RevocationPage,
} from './records.js';

export type * from './records.js';
export type { Revocation } from '../../model/revocation.js';

export interface Registry {
  /** Adds an app. Rejects if its key exists, or a text cannot be stored. */
  createApp(app: NewApp): Promise<void>;
  findApp(key: string): Promise<App | undefined>;
  /** The app that has this secret at the time; its previous one counts while it overlaps. */
  findAppBySecret(secretHash: Uint8Array, atMs: number): Promise<App | undefined>;
  /** Apps that are not deleted, oldest first. */
  listApps(): Promise<readonly App[]>;
  /**
   * Changes an app, and refuses its earlier tokens of the given issuers if the change says so. Nobody else changes the
   * app between `decide` and the change.
   *
   * @param decide returns undefined if the caller sees no such app; what it throws, rejects the promise
   * @returns the app after the change; undefined if there is no such app
   */
  updateApp(
    key: string,
    decide: (app: App) => AppChange | undefined,
    atMs: number,
    issuers: readonly string[],
  ): Promise<App | undefined>;
  /** Deletes an app and refuses its tokens of the given issuers. False if there is no such app. */
  deleteApp(key: string, atMs: number, issuers: readonly string[], check?: AppCheck): Promise<boolean>;
  /**
   * Replaces the secret. The replaced one is accepted until `previousUntilMs`; a still older one no longer.
   *
   * @returns false if there is no such app
   */
  rotateSecret(
    key: string,
    secretHash: Uint8Array,
    previousUntilMs?: number,
    check?: AppCheck,
  ): Promise<boolean>;
  /** Records that apps have got tokens, except where a use at or after `unlessSinceMs` is recorded. */
  recordAppUses(keys: readonly string[], atMs: number, unlessSinceMs: number): Promise<void>;

  /** Adds a user with a new generation. False if the name is taken. */
  addUser(user: Omit<User, 'generation'>): Promise<boolean>;
  findUser(name: string): Promise<User | undefined>;
  listUsers(): Promise<readonly User[]>;
  /**
   * Deletes a user and the user's families, and refuses the tokens of this and earlier generations of the name.
   * False if there is no such user.
   */
  deleteUser(name: string, atMs: number, issuer: string): Promise<boolean>;

  /** Records a login: the family and its first refresh token. Rejects if the user was deleted. */
  openFamily(family: RefreshFamily, tokenHash: Uint8Array): Promise<void>;
  /**
   * Uses a refresh token once, and records its successor. Of concurrent uses exactly one is `used`.
   * @param graceMs how long after the use another use is `repeated`, not `replayed`
   */
  useRefreshToken(
    tokenHash: Uint8Array,
    successorHash: Uint8Array,
    atMs: number,
    graceMs: number,
  ): Promise<RefreshUse>;
  /** The unexpired family of an unused refresh token, for introspection and revocation. Does not use the token. */
  findFamily(tokenHash: Uint8Array, atMs: number): Promise<RefreshFamily | undefined>;
  /** Deletes a family and its tokens. */
  endFamily(id: string): Promise<void>;

  addNamedToken(token: NamedToken): Promise<void>;
  findNamedToken(jti: string): Promise<NamedToken | undefined>;
  /**
   * Named tokens, oldest first; those of one app if it is given. Without those that have expired at the time, and those that a
   * change of their app has ended.
   */
  listNamedTokens(atMs: number, clientId?: string): Promise<readonly NamedToken[]>;
  /** Adds an administrative change. Rejects if a text cannot be stored. */
  addAudit(row: AuditRow): Promise<void>;
  /** The newest changes before a position, the newest first; undefined: the newest of all. */
  listAudit(limit: number, before?: AuditPosition): Promise<readonly AuditRow[]>;

  /** Keys that are still published at the time, oldest first. */
  signingKeys(atMs: number): Promise<readonly SigningKey[]>;
  /**
   * Adds a key and plans the end of its predecessor. False, without a change, if another gateway has added a key since
   * `knownKids` was read.
   */
  addSigningKey(
    key: SigningKey,
    knownKids: readonly string[],
    predecessor?: {
      readonly kid: string;
      readonly signsUntilMs: number;
      readonly publishedUntilMs: number | undefined;
    },
  ): Promise<boolean>;

  /**
   * Replaces the stored form of private keys, all in one transaction. A key whose stored form is no longer `before`,
   * because another gateway was faster, is not changed.
   */
  replacePrivateKeys(
    replacements: readonly { readonly kid: string; readonly before: string; readonly after: string }[],
  ): Promise<void>;

  /** Records a revocation. It replaces one of the same kind, issuer and id, except a deletion. */
  revoke(revocation: Revocation): Promise<void>;
  /** Undoes the revocation of an app, but not its deletion. False if there is no such revocation. */
  restore(issuer: string | undefined, app: string, atMs: number): Promise<boolean>;
  /** All revocations that have not ended at the time, for display. */
  revocations(atMs: number): Promise<readonly Revocation[]>;
  /**
   * One page of the changes after a revision, in the order of revisions. Undefined if they are no longer known, so that
   * all revocations must be read. The caller continues from `upTo` until `isLast`.
   */
  revocationChanges(since: number): Promise<RevocationChanges | undefined>;
  /** One page of the revocations that have not ended at the time, in key order. The last has no `next`. */
  revocationPage(atMs: number, after: RevocationKey | undefined): Promise<RevocationPage>;
  /**
   * A number that every change to the revocations increases, in the same transaction. Gateways poll it every half
   * second, because it costs one row.
   */
  revision(): Promise<number>;

  /**
   * The pepper: `given`, or the registry's own, which the first gateway to ask makes with `random`. Its fingerprint is
   * recorded. Undefined if the fingerprint of another pepper is recorded.
   */
  pepper(random: () => Uint8Array, given?: Uint8Array): Promise<Uint8Array | undefined>;

  /** Deletes expired families, named tokens, keys and revocations. In steps, not as one transaction. */
  deleteExpired(atMs: number): Promise<void>;
  /** Closes the connections. */
  close(): Promise<void>;
}
