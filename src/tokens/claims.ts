/** The claims of the tokens that the service gives out, and how long they last. */
import { NAMED, type TokenServiceSettings } from '../model/tokens.js';
import type { Claims, Random } from './deps.js';
import type { App, User } from './registry/registry.js';

export interface ClaimsOptions {
  readonly settings: Pick<TokenServiceSettings, 'issuer' | 'audience'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: Random;
}

/** What a caller of the named endpoint asked for, checked. */
export interface NamedRequest {
  readonly name: string;
  readonly description: string;
  /** Epoch seconds. */
  readonly notBefore: number | undefined;
  readonly expiration: number | undefined;
  readonly permissions: readonly (readonly [name: string, number: number])[];
}

export interface ClaimsMaker {
  forApp(app: App, scopes: readonly string[], lifetimeMs: number | undefined): Claims;
  /** @param family the login that it descends from: `sid` (OpenID Connect Front-Channel Logout 1.0, 3) */
  forUser(user: User, scopes: readonly string[], lifetimeMs: number | undefined, family: string): Claims;
  /** Of the issuer `named`: a name that a caller chose must never pass for an audience of `tokens`. */
  forName(app: App, request: NamedRequest): NamedClaims;
}

export interface NamedClaims extends Claims {
  readonly jti: string;
  readonly iat: number;
}

/** Of the form of named tokens. */
const VERSION = 1;
const JTI_BYTES = 16;

export function namedIssuerOf(issuer: string): string {
  return `${issuer}/${NAMED}`;
}

/** `expires_in`: a lifetime in whole seconds, rounded up so that none becomes zero. */
export function secondsOf(lifetimeMs: number): number {
  return Math.ceil(lifetimeMs / 1000);
}

export function createClaims({ settings, now, random }: ClaimsOptions): ClaimsMaker {
  const { issuer, audience } = settings;
  const aud = audience.length === 1 ? audience[0] : audience;

  function common(lifetimeMs: number | undefined) {
    const iat = Math.floor(now() / 1000);
    const exp = lifetimeMs === undefined ? undefined : iat + secondsOf(lifetimeMs);
    return { iat, exp, jti: Buffer.from(random(JTI_BYTES)).toString('base64url') };
  }

  return {
    forApp: ({ key, owner, organization, name }, scopes, lifetimeMs) =>
      present({
        iss: issuer,
        sub: key,
        owner,
        organization,
        app_name: name,
        scope: scopes,
        aud,
        grant_type: 'client_credentials',
        ...common(lifetimeMs),
      }),
    forUser: ({ name, organization, generation }, scopes, lifetimeMs, family) =>
      present({
        iss: issuer,
        sub: name,
        organization,
        scope: scopes,
        aud,
        grant_type: 'password',
        sid: family,
        gen: generation,
        ...common(lifetimeMs),
      }),
    forName: ({ key }, { name, description, notBefore, expiration, permissions }) =>
      present({
        iss: namedIssuerOf(issuer),
        aud: name,
        sub: description,
        ...common(undefined),
        jti: uuidOf(random(JTI_BYTES)),
        exp: expiration,
        nbf: notBefore,
        version: VERSION,
        permissions: permissions.map(([, number]) => number),
        client_id: key,
        scope: permissions.map(([permission]) => permission),
      }),
  };
}

/** A UUID of version 4 (RFC 9562 5.4), made of 16 random bytes. */
function uuidOf(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes);
  hex[6] = (hex[6]! & 0x0f) | 0x40;
  hex[8] = (hex[8]! & 0x3f) | 0x80;
  return hex.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A claim that there is nothing to say for is left out. */
function present<T extends Claims>(claims: T): T {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)) as T;
}
