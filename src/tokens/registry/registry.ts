/**
 * The registry: everything that the token service must not forget. One interface over SQLite and PostgreSQL.
 *
 * Every method is one transaction: it is done wholly when its promise resolves, or not at all. Times are epoch
 * milliseconds. Secrets and tokens come in as hashes; nothing here could be shown to a caller.
 */
import type { Revocation, RevocationChange, RevocationKey } from '../../model/revocation.js';

export type { Revocation } from '../../model/revocation.js';

/** Whose an app is, as its tokens say. */
export interface Owner {
  readonly uid: string;
  readonly uname: string;
  readonly uavatar: string;
}

export interface App {
  /** Its public id: `client_id` in OAuth, `sub` in its tokens. */
  readonly key: string;
  /** HMAC-SHA-256 of its secret with the pepper. */
  readonly secretHash: Uint8Array;
  readonly name: string;
  readonly owner: Owner | undefined;
  readonly organization: string | undefined;
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
}

export interface User {
  readonly name: string;
  /** A self-describing hash: algorithm, parameters, salt and key. */
  readonly passwordHash: string;
  readonly scopes: readonly string[];
  readonly organization: string | undefined;
  readonly createdAtMs: number;
  /** Greater than that of every user who had the name before: tokens of those are told from this one's by it. */
  readonly generation: number;
}

/** All refresh tokens that descend from one login. */
export interface RefreshFamily {
  readonly id: string;
  /** Whose it is: a user's name. */
  readonly user: string;
  /** That of the user who logged in. */
  readonly generation: number;
  readonly scopes: readonly string[];
  /** The absolute end, whatever is refreshed. */
  readonly endsAtMs: number;
}

/** What came of using a refresh token; the successor is recorded in the same transaction. */
export type RefreshUse =
  | { readonly result: 'used'; readonly family: RefreshFamily }
  /** Unknown, past its end, or of a family or user that is no more. */
  | { readonly result: 'invalid' }
  /** Used before, within the grace: refused, and nothing else happens. */
  | { readonly result: 'repeated' }
  /** Used before, longer ago: somebody else has it too. It is for the caller to end the family. */
  | { readonly result: 'replayed'; readonly family: RefreshFamily };

export interface NamedToken {
  readonly jti: string;
  /** The app whose secret made it. */
  readonly clientId: string;
  readonly name: string;
  readonly description: string;
  readonly createdAtMs: number;
  readonly endsAtMs: number | undefined;
}

export interface SigningKey {
  readonly kid: string;
  /** PKCS #8 PEM, or its encrypted form; the registry does not look into it. */
  readonly privateKey: string;
  /** The public JWK as JSON, with `kid`, `alg` and `use`. */
  readonly publicJwk: string;
  readonly createdAtMs: number;
  /** When it begins to sign; it is published from its creation on. */
  readonly signsFromMs: number;
  /** When it stops signing; undefined while no successor is planned. */
  readonly signsUntilMs: number | undefined;
  /** When the last token that it signed has ended and it is no longer published; undefined while that is unknown. */
  readonly publishedUntilMs: number | undefined;
}

export interface RevocationChanges {
  readonly changes: readonly RevocationChange[];
  readonly upTo: number;
  readonly isLast: boolean;
}

export interface RevocationPage {
  readonly revocations: readonly Revocation[];
  readonly next: RevocationKey | undefined;
}

export interface Registry {
  createApp(app: App): Promise<void>;
  findApp(key: string): Promise<App | undefined>;
  findAppBySecret(secretHash: Uint8Array): Promise<App | undefined>;
  /** Living apps, oldest first; of one organization where one is named. */
  listApps(organization?: string): Promise<readonly App[]>;
  /** Deletes an app and refuses its tokens, of the issuers named, from now on. False where there is none. */
  deleteApp(key: string, atMs: number, issuers: readonly string[]): Promise<boolean>;
  /** Replaces the secret. False where there is no such app. */
  rotateSecret(key: string, secretHash: Uint8Array): Promise<boolean>;

  /** Gives the user a generation. False where the name is taken. */
  addUser(user: Omit<User, 'generation'>): Promise<boolean>;
  findUser(name: string): Promise<User | undefined>;
  listUsers(): Promise<readonly User[]>;
  /**
   * Deletes a user, ends the families, and refuses the tokens of this generation of the name and of those before.
   * False where there is none.
   */
  deleteUser(name: string, atMs: number, issuer: string): Promise<boolean>;

  /** Records a login: the family and its first refresh token. Rejects where its user is no more. */
  openFamily(family: RefreshFamily, tokenHash: Uint8Array, atMs: number): Promise<void>;
  /**
   * Uses a refresh token once, and records its successor. Of many uses at once exactly one is `used`.
   * @param graceMs how long after the use a repeat is only refused
   */
  useRefreshToken(
    tokenHash: Uint8Array,
    successorHash: Uint8Array,
    atMs: number,
    graceMs: number,
  ): Promise<RefreshUse>;
  /** The living family of a refresh token, for introspection and revocation; using nothing. */
  findFamily(tokenHash: Uint8Array, atMs: number): Promise<RefreshFamily | undefined>;
  endFamily(id: string): Promise<void>;

  addNamedToken(token: NamedToken): Promise<void>;
  findNamedToken(jti: string): Promise<NamedToken | undefined>;
  /** Those that have not ended at the time, oldest first; of one app where one is named. */
  listNamedTokens(atMs: number, clientId?: string): Promise<readonly NamedToken[]>;

  /** Keys that are still published at the time, oldest first. */
  signingKeys(atMs: number): Promise<readonly SigningKey[]>;
  /**
   * Adds a key, and plans the end of the one before it, unless another gate has added one since `knownKids` was read:
   * then nothing is changed and the answer is false.
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
   * Puts another form of private keys in the place of the one that is stored, all in one transaction. A key whose stored
   * form is no longer `before`, since another gate was faster, stays as it is.
   */
  replacePrivateKeys(
    replacements: readonly { readonly kid: string; readonly before: string; readonly after: string }[],
  ): Promise<void>;

  /** Records a revocation; one of the same kind, issuer and id is replaced, but a deletion stays one. */
  revoke(revocation: Revocation): Promise<void>;
  /** Undoes a `revoked` one of an app. False where there is none. */
  restore(issuer: string | undefined, app: string, atMs: number): Promise<boolean>;
  /** All that have not ended at the time, for people to read. */
  revocations(atMs: number): Promise<readonly Revocation[]>;
  /**
   * What has changed after a revision, in the order of revisions, a page at a time; undefined where that can no longer
   * be told, so that all has to be read. To be asked again from `upTo` until it `isLast`.
   */
  revocationChanges(since: number): Promise<RevocationChanges | undefined>;
  /** A page of those that have not ended at the time, in the order of their keys; without `next` it is the last. */
  revocationPage(atMs: number, after: RevocationKey | undefined): Promise<RevocationPage>;
  /**
   * A number that every change to the revocations increases, in the same transaction: what a gate asks every half
   * second, since it costs one row.
   */
  revision(): Promise<number>;

  /**
   * The pepper: `given`, or the registry's own, made with `random` by whichever gate asks first. Its fingerprint is
   * recorded, and undefined is the answer where that of another one was.
   */
  pepper(random: () => Uint8Array, given?: Uint8Array): Promise<Uint8Array | undefined>;

  /** Removes what has ended: families, used tokens, named tokens, keys, revocations. In steps, not as one transaction. */
  deleteExpired(atMs: number): Promise<void>;
  close(): Promise<void>;
}
