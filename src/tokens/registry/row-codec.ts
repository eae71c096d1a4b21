/** Converts between the registry's text columns and the model. Called by the queries. */
import type { Owner } from './registry.js';

/**
 * Whether both databases store and find exactly this text. A NUL ends text in both, and half of a surrogate pair is
 * replaced by another character, so a lookup might find another caller's row.
 */
export function isStorable(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}

/** Throws a RangeError if one of the texts cannot be stored. */
export function assertStorable(...texts: readonly (string | undefined)[]): void {
  if (!texts.every((text) => text === undefined || isStorable(text)))
    throw new RangeError('a NUL character or half a surrogate pair cannot be stored');
}

/** Encodes a hash as base64url. */
export function writeHash(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64url');
}

/** Decodes a hash. */
export function readHash(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64url'));
}

/** Encodes scopes as JSON. */
export function writeScopes(scopes: readonly string[]): string {
  return JSON.stringify(scopes);
}

/** Decodes scopes. Throws a SyntaxError if the text is no JSON. */
export function readScopes(text: string): readonly string[] {
  return JSON.parse(text) as readonly string[];
}

/** Encodes an owner as JSON, with the known members only; null for none. */
export function writeOwner(owner: Owner | undefined): string | null {
  if (owner === undefined) return null;
  const { uid, uname, uavatar } = owner;
  return JSON.stringify({ uid, uname, uavatar });
}

/** Decodes an owner. Throws a SyntaxError if the text is no JSON. */
export function readOwner(text: string | null): Owner | undefined {
  return text === null ? undefined : (JSON.parse(text) as Owner);
}
