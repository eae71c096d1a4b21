/** Sample data for the contract of a registry. */
import { randomBytes } from 'node:crypto';
import type { App, Registry, Revocation, SigningKey, User } from '../../../src/tokens/registry/registry.js';

/** One database for a registry, empty at first. */
export interface RegistryFixture {
  /**
   * Opens the registry there, as each gateway does for itself; closing the database closes every registry
   * opened on it.
   */
  readonly open: () => Promise<Registry>;
  readonly close: () => Promise<void>;
}

/** Runs a body on a new, empty registry. */
export type Using = (body: (registry: Registry, place: RegistryFixture) => Promise<void>) => Promise<void>;

export const NOW = 1_785_000_000_123;

export function hash(): Uint8Array {
  return new Uint8Array(randomBytes(32));
}

export function app(given: Partial<App> = {}): App {
  return {
    key: randomBytes(16).toString('hex'),
    secretHash: hash(),
    name: 'Stamps',
    owner: undefined,
    organization: undefined,
    scopes: ['notarization:*'],
    createdAtMs: NOW,
    previousSecret: undefined,
    generation: 0,
    lastUsedAtMs: undefined,
    ...given,
  };
}

export function user(given: Partial<User> = {}): User {
  return {
    name: 'ada',
    passwordHash: '$scrypt$',
    scopes: ['notarization:read'],
    organization: undefined,
    createdAtMs: NOW,
    generation: 1,
    ...given,
  };
}

export function signingKey(given: Partial<SigningKey> = {}): SigningKey {
  return {
    kid: randomBytes(8).toString('hex'),
    privateKey: 'private',
    publicJwk: '{"kty":"RSA"}',
    createdAtMs: NOW,
    signsFromMs: NOW,
    signsUntilMs: undefined,
    publishedUntilMs: undefined,
    ...given,
  };
}

export function revocation(given: Partial<Revocation> = {}): Revocation {
  return {
    kind: 'app',
    issuer: 'tokens',
    id: 'one',
    revokedAtMs: NOW,
    issuedBeforeMs: undefined,
    generation: undefined,
    endsAtMs: undefined,
    cause: 'revoked',
    ...given,
  };
}
