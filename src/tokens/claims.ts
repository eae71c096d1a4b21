/** Makes the claims of the tokens that the service issues, and their lifetimes. Called by the endpoints. */
import { NAMED, type TokenServiceSettings } from '../model/tokens.js';
import type { Claims, Random } from './deps.js';
import type { App, User } from './registry/registry.js';

export interface ClaimsOptions {
  readonly settings: Pick<TokenServiceSettings, 'issuer' | 'audience'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: Random;
}

/** A validated request of the named endpoint. */
export interface NamedRequest {
  readonly name: string;
  readonly description: string;
  /** Epoch seconds. */
  readonly notBefore: number | undefined;
  /** Epoch seconds; undefined if the token never expires. */
  readonly expiration: number | undefined;
  readonly permissions: readonly (readonly [name: string, number: number])[];
}

export interface ClaimsMaker {
  /** Claims of an access token for an app. Without a lifetime the token never expires. */
  forApp(app: App, scopes: readonly string[], lifetimeMs: number | undefined): Claims;
  /** @param family the login that the token descends from: `sid` (OpenID Connect Front-Channel Logout 1.0, 3) */
  forUser(user: User, scopes: readonly string[], lifetimeMs: number | undefined, family: string): Claims;
  /** Claims of the issuer `named`, so that a name chosen by a caller is never an audience of the issuer `tokens`. */
  forName(app: App, request: NamedRequest): NamedClaims;
}

export interface NamedClaims extends Claims {
  readonly jti: string;
  readonly iat: number;
}

/** The version of the named tokens' format. */
const VERSION = 1;
const JTI_BYTES = 16;

/** The `iss` of named tokens, for the service's own `iss`. */
export function namedIssuerOf(issuer: string): string {
  return `${issuer}/${NAMED}`;
}

/** Converts a lifetime to `expires_in`: whole seconds, rounded up so that none becomes zero. */
export function secondsOf(lifetimeMs: number): number {
  return Math.ceil(lifetimeMs / 1000);
}

/** Creates the functions that make claims. Claims without a value are absent. */
export function createClaims({ settings, now, random }: ClaimsOptions): ClaimsMaker {
  const { issuer, audience } = settings;
  const aud = audience.length === 1 ? audience[0] : audience;

  function commonClaims(lifetimeMs: number | undefined) {
    const iat = Math.floor(now() / 1000);
    const exp = lifetimeMs === undefined ? undefined : iat + secondsOf(lifetimeMs);
    return { iat, exp, jti: Buffer.from(random(JTI_BYTES)).toString('base64url') };
  }

  return {
    forApp: ({ key, owner, organization, name, generation }, scopes, lifetimeMs) =>
      withoutUndefined({
        iss: issuer,
        sub: key,
        owner,
        organization,
        app_name: name,
        scope: scopes,
        aud,
        grant_type: 'client_credentials',
        gen: generationClaim(generation),
        ...commonClaims(lifetimeMs),
      }),
    forUser: ({ name, organization, generation }, scopes, lifetimeMs, family) =>
      withoutUndefined({
        iss: issuer,
        sub: name,
        organization,
        scope: scopes,
        aud,
        grant_type: 'password',
        sid: family,
        gen: generation,
        ...commonClaims(lifetimeMs),
      }),
    forName: ({ key, generation }, { name, description, notBefore, expiration, permissions }) =>
      withoutUndefined({
        iss: namedIssuerOf(issuer),
        aud: name,
        sub: description,
        ...commonClaims(undefined),
        jti: uuidOf(random(JTI_BYTES)),
        exp: expiration,
        nbf: notBefore,
        version: VERSION,
        permissions: permissions.map(([, number]) => number),
        client_id: key,
        gen: generationClaim(generation),
        scope: permissions.map(([permission]) => permission),
      }),
  };
}

/** An app has the claim only once a change has ended earlier tokens of it: they count as generation 0. */
function generationClaim(generation: number): number | undefined {
  return generation === 0 ? undefined : generation;
}

/** A version 4 UUID (RFC 9562 5.4) from 16 random bytes. */
function uuidOf(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes);
  hex[6] = (hex[6]! & 0x0f) | 0x40;
  hex[8] = (hex[8]! & 0x3f) | 0x80;
  return hex.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Removes the claims without a value. */
function withoutUndefined<T extends Claims>(claims: T): T {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)) as T;
}
