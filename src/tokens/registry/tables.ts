/** The types of the registry's tables, for the queries. Both databases have the same: text and whole numbers only. */
import type { Kysely } from 'kysely';

export interface Tables {
  readonly apps: AppTable;
  readonly users: UserTable;
  readonly refreshFamilies: RefreshFamilyTable;
  readonly refreshTokens: RefreshTokenTable;
  readonly namedTokens: NamedTokenTable;
  readonly signingKeys: SigningKeyTable;
  readonly revocations: RevocationTable;
  readonly revisions: RevisionTable;
  readonly secrets: SecretTable;
  readonly audit: AuditTable;
}

export type RegistryDatabase = Kysely<Tables>;

interface AppTable {
  readonly key: string;
  /** Null once the app is deleted. The row is kept, so that its key is never reused. */
  secretHash: string | null;
  readonly name: string;
  /** JSON. */
  readonly owner: string | null;
  readonly organization: string | null;
  /** JSON. */
  readonly scopes: string;
  readonly createdAtMs: number;
  deletedAtMs: number | null;
  /** Null without an overlap. */
  readonly previousSecretHash: string | null;
  readonly previousUntilMs: number | null;
  readonly generation: number;
  readonly lastUsedAtMs: number | null;
}

interface UserTable {
  readonly name: string;
  readonly passwordHash: string;
  /** JSON. */
  readonly scopes: string;
  readonly organization: string | null;
  readonly createdAtMs: number;
  /** Greater than that of every earlier user of the name. */
  readonly generation: number;
}

interface RefreshFamilyTable {
  readonly id: string;
  /** Deleted with the user. */
  readonly userName: string;
  /** JSON. */
  readonly scopes: string;
  readonly endsAtMs: number;
}

interface RefreshTokenTable {
  readonly hash: string;
  /** Deleted with the family. */
  readonly familyId: string;
  usedAtMs: number | null;
}

interface NamedTokenTable {
  readonly jti: string;
  readonly clientId: string;
  readonly name: string;
  readonly description: string;
  readonly createdAtMs: number;
  readonly endsAtMs: number | null;
  /** Null where it was not recorded yet. */
  readonly generation: number | null;
}

interface SigningKeyTable {
  readonly kid: string;
  privateKey: string;
  readonly publicJwk: string;
  readonly createdAtMs: number;
  readonly signsFromMs: number;
  signsUntilMs: number | null;
  publishedUntilMs: number | null;
}

export interface RevocationTable {
  readonly kind: 'app' | 'token' | 'family';
  /** Empty for every issuer: a primary key allows no null. */
  readonly issuer: string;
  readonly id: string;
  /** Part of the primary key: a revocation beside a deletion can be undone without undoing the deletion. */
  readonly cause: 'revoked' | 'deleted' | 'changed';
  readonly revokedAtMs: number;
  readonly issuedBeforeMs: number | null;
  readonly generation: number | null;
  readonly endsAtMs: number | null;
  /** The revision at which the row was last written. */
  readonly revision: number;
  /** When the revocation was undone. The row is kept for a while, so that gateways read the change. */
  readonly removedAtMs: number | null;
}

/**
 * Counts the changes of a table. A transaction that changes the table updates this row first, which serializes them.
 * `users` counts generations; `sweptRevocations` is the last revision with a deleted removal.
 */
interface RevisionTable {
  readonly name: 'revocations' | 'signingKeys' | 'users' | 'sweptRevocations';
  value: number;
}

interface SecretTable {
  readonly name: 'pepper' | 'pepperFingerprint';
  /** base64url */
  readonly value: string;
}

interface AuditTable {
  /** Random: it tells changes of the same millisecond apart. */
  readonly id: string;
  readonly atMs: number;
  readonly action: string;
  readonly actor: string;
  readonly subject: string | null;
  readonly address: string | null;
}
