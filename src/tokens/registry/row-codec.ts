/** What the registry's rows hold as text, and as what the model has it. */
import type { Owner } from './registry.js';

/**
 * Whether a database would store and find exactly this text. A NUL ends text in both of them, and half of a surrogate
 * pair becomes another character on the way: looked up, they might find what somebody else has stored.
 */
export function isStorable(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}

export function assertStorable(...texts: readonly (string | undefined)[]): void {
  if (!texts.every((text) => text === undefined || isStorable(text)))
    throw new RangeError('a NUL character or half a surrogate pair cannot be stored');
}

export function writeHash(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64url');
}

export function readHash(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64url'));
}

export function writeScopes(scopes: readonly string[]): string {
  return JSON.stringify(scopes);
}

export function readScopes(text: string): readonly string[] {
  return JSON.parse(text) as readonly string[];
}

export function writeOwner(owner: Owner | undefined): string | null {
  if (owner === undefined) return null;
  const { uid, uname, uavatar } = owner;
  return JSON.stringify({ uid, uname, uavatar });
}

export function readOwner(text: string | null): Owner | undefined {
  return text === null ? undefined : (JSON.parse(text) as Owner);
}
