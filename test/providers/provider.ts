/** The form of the data about a provider: what it publishes, and its tokens in the shape that it documents. */
import type { Algorithm } from '../../src/model/issuer.js';
import type { Claims, SigningKey } from '../support/tokens.js';

/** Epoch seconds, for the times in tokens. */
export const NOW = Math.floor(Date.now() / 1000);

/** Where the documents are published in the test. */
export interface Published {
  /** `https://localhost:PORT`, in the place of the provider's origins. */
  readonly origin: string;
  /** The `issuer` of the entry. */
  readonly issuer: unknown;
  readonly key: SigningKey;
}

/** A token that is not the usual one. */
export interface OtherToken {
  /** What is different in its header. */
  readonly header?: Claims;
  /** Its claims besides `iss`, `iat` and `exp`. */
  readonly claims: Claims;
  /** The secret that signs it with HS256, in place of the provider's key. */
  readonly secret?: string;
}

export interface Provider {
  /** The name of its entry in docs/issuers.md. */
  readonly name: string;
  /** What stands for the words in capitals of the entry. */
  readonly values: Readonly<Record<string, string>>;
  /** Keys of the entry that name files or variables, with what the test has in their place. */
  readonly inPlace?: (key: SigningKey) => Claims;
  /** The algorithm of its tokens; omitted: RS256. */
  readonly alg?: Algorithm;
  /** The secret that signs its tokens with HS256, in place of a key. */
  readonly secret?: string;
  /** What it publishes, by path. */
  readonly documents?: (published: Published) => Readonly<Record<string, unknown>>;
  /** The header of its tokens besides `alg`; omitted: `typ` is JWT and there is a `kid`. */
  readonly header?: (kid: string) => Claims;
  /** The header fields of a request with a token; omitted: `Authorization`. */
  readonly send?: (token: string) => Record<string, string>;
  /** The claims of the usual token besides `iss`, `iat` and `exp`. */
  readonly usual: Claims;
  /** The app that it is, and the scope that the route requires of it. */
  readonly app: string;
  readonly scope: string;
  /** What is different in a token for another app or API. */
  readonly otherAudience: Claims;
  /** Tokens of other kinds, by what they are: an ID token where the provider has access tokens. Each is refused. */
  readonly otherKinds: Readonly<Record<string, OtherToken>>;
  /** What is different in a valid token without the scope. */
  readonly withoutScope: Claims;
  /** Further usual tokens, by what they are, with their app. */
  readonly alsoUsual?: Readonly<Record<string, OtherToken & { readonly app: string }>>;
  /** Further tokens that `require` of the entry refuses, by what they are: what is different. */
  readonly notRequired?: Readonly<Record<string, Claims>>;
}
