/** What the registry stores and returns. Times are epoch milliseconds. Part of the interface in `registry.ts`. */
import type { Revocation, RevocationChange, RevocationKey } from '../../model/revocation.js';

/** The owner of an app, as its tokens claim it. */
export interface Owner {
  readonly uid: string;
  readonly uname: string;
  readonly uavatar: string;
}

export interface App {
  /** The public id: `client_id` in OAuth, `sub` in the app's tokens. */
  readonly key: string;
  /** HMAC-SHA-256 of the secret with the pepper. */
  readonly secretHash: Uint8Array;
  readonly name: string;
  readonly owner: Owner | undefined;
  readonly organization: string | undefined;
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
  /** The secret before the last rotation, if that had an overlap. It may have ended since. */
  readonly previousSecret: { readonly hash: Uint8Array; readonly untilMs: number } | undefined;
  /** How often its tokens were ended by a change. Tokens of an earlier generation are refused. */
  readonly generation: number;
  /** When it last got a token, to the minute; undefined: never. */
  readonly lastUsedAtMs: number | undefined;
}

/** An app as it is created: no change, rotation or use yet. */
export type NewApp = Omit<App, 'previousSecret' | 'generation' | 'lastUsedAtMs'>;

/** The fields of an app that can change. */
export interface AppChange {
  readonly name: string;
  readonly organization: string | undefined;
  readonly scopes: readonly string[];
  /** Whether the tokens that the app has now are refused from now on. */
  readonly endsTokens: boolean;
}

/** Decides on an app in the transaction that changes it. False means that there is no such app for the caller. */
export type AppCheck = (app: App) => boolean;

export interface User {
  readonly name: string;
  /** A self-describing hash: algorithm, parameters, salt and key. */
  readonly passwordHash: string;
  readonly scopes: readonly string[];
  readonly organization: string | undefined;
  readonly createdAtMs: number;
  /** Greater than that of every earlier user of the name; it distinguishes their tokens from this user's. */
  readonly generation: number;
}

/** All refresh tokens that descend from one login. */
export interface RefreshFamily {
  readonly id: string;
  /** The user's name. */
  readonly user: string;
  /** The generation of the user who logged in. */
  readonly generation: number;
  readonly scopes: readonly string[];
  /** The absolute end, which refreshes do not extend. */
  readonly endsAtMs: number;
}

/** The result of using a refresh token. The successor is recorded in the same transaction. */
export type RefreshUse =
  | { readonly result: 'used'; readonly family: RefreshFamily }
  /** Unknown, expired, or of a family or user that was deleted. */
  | { readonly result: 'invalid' }
  /** Used before, within the grace period: refused, and nothing else happens. */
  | { readonly result: 'repeated' }
  /** Used before, longer ago: somebody else has the token too. The caller must end the family. */
  | { readonly result: 'replayed'; readonly family: RefreshFamily };

export interface NamedToken {
  readonly jti: string;
  /** The key of the app that created it. */
  readonly clientId: string;
  readonly name: string;
  readonly description: string;
  readonly createdAtMs: number;
  /** Undefined if it never expires. */
  readonly endsAtMs: number | undefined;
  /** The app's generation when it was made; undefined for those of an earlier version. */
  readonly generation: number | undefined;
}

export interface SigningKey {
  readonly kid: string;
  /** PKCS #8 PEM, or its encrypted form. The registry does not interpret it. */
  readonly privateKey: string;
  /** The public JWK as JSON, with `kid`, `alg` and `use`. */
  readonly publicJwk: string;
  readonly createdAtMs: number;
  /** When it begins to sign. It is published from its creation on. */
  readonly signsFromMs: number;
  /** When it stops signing; undefined until a successor is planned. */
  readonly signsUntilMs: number | undefined;
  /** When it is no longer published, because its last token has expired; undefined while that is unknown. */
  readonly publishedUntilMs: number | undefined;
}

export interface RevocationChanges {
  readonly changes: readonly RevocationChange[];
  /** The last revision that `changes` has completely. */
  readonly upTo: number;
  /** Whether there are no further changes. */
  readonly isLast: boolean;
}

export interface RevocationPage {
  readonly revocations: readonly Revocation[];
  readonly next: RevocationKey | undefined;
}
