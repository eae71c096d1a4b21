/** One revocation as a field of the hash in Redis: what it is of as the field, the rest as its value. */
import type { Revocation } from '../model/revocation.js';

export type Entry = readonly [field: string, value: string];

/** Injective: no two of different kind, issuer or id share a field. */
export function fieldOf({ kind, issuer, id }: Pick<Revocation, 'kind' | 'issuer' | 'id'>): string {
  return JSON.stringify([kind, issuer ?? null, id]);
}

export function writeEntry(revocation: Revocation): Entry {
  const { revokedAtMs, issuedBeforeMs, endsAtMs, cause } = revocation;
  return [fieldOf(revocation), JSON.stringify({ revokedAtMs, issuedBeforeMs, endsAtMs, cause })];
}

/** Undefined for what nobody here has written: other fields of the hash, and other people's mistakes. */
export function readEntry(field: string, value: string): Revocation | undefined {
  const name = parse(field);
  const rest = parse(value);
  if (!Array.isArray(name) || typeof rest !== 'object' || rest === null) return undefined;
  const [kind, issuer, id] = name as readonly unknown[];
  const { revokedAtMs, issuedBeforeMs, endsAtMs, cause } = rest as Partial<Record<string, unknown>>;
  if (kind !== 'app' && kind !== 'token') return undefined;
  if (issuer !== null && typeof issuer !== 'string') return undefined;
  if (typeof id !== 'string' || id === '' || typeof revokedAtMs !== 'number') return undefined;
  if (!isMoment(issuedBeforeMs) || !isMoment(endsAtMs)) return undefined;
  if (cause !== 'revoked' && cause !== 'deleted') return undefined;
  return { kind, issuer: issuer ?? undefined, id, revokedAtMs, issuedBeforeMs, endsAtMs, cause };
}

function isMoment(value: unknown): value is number | undefined {
  return value === undefined || typeof value === 'number';
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
