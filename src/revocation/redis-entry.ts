/** Converts a revocation to a field of the hash in Redis: its subject is the field, the rest the value. */
import type { Revocation, RevocationChange } from '../model/revocation.js';

export type Entry = readonly [field: string, value: string];

/** Returns the field of a subject. Injective: subjects of different kind, issuer or id have different fields. */
export function fieldOf({ kind, issuer, id }: Pick<Revocation, 'kind' | 'issuer' | 'id'>): string {
  return JSON.stringify([kind, issuer ?? null, id]);
}

/** Returns the field and the value of a revocation. */
export function writeEntry(revocation: Revocation): Entry {
  const { revokedAtMs, issuedBeforeMs, generation, endsAtMs, cause } = revocation;
  return [fieldOf(revocation), JSON.stringify({ revokedAtMs, issuedBeforeMs, generation, endsAtMs, cause })];
}

/** Parses a field and its value; undefined for anything that `writeEntry` does not write. */
export function readEntry(field: string, value: string): Revocation | undefined {
  const of = readField(field);
  const rest = parse(value);
  if (of === undefined || typeof rest !== 'object' || rest === null) return undefined;
  const { revokedAtMs, issuedBeforeMs, generation, endsAtMs, cause } = rest as Partial<
    Record<string, unknown>
  >;
  if (typeof revokedAtMs !== 'number') return undefined;
  if (!isNumber(issuedBeforeMs) || !isNumber(generation) || !isNumber(endsAtMs)) return undefined;
  if (cause !== 'revoked' && cause !== 'deleted') return undefined;
  return { ...of, revokedAtMs, issuedBeforeMs, generation, endsAtMs, cause };
}

/** Returns the changes that a written or removed field means. A field has one cause, so the other one is removed. */
export function readChanges(field: string, value: string | undefined): readonly RevocationChange[] {
  const of = readField(field);
  if (of === undefined) return [];
  const written = value === undefined ? undefined : readEntry(field, value);
  return (['revoked', 'deleted'] as const).map((cause) =>
    written?.cause === cause
      ? { isRemoved: false, revocation: written }
      : { isRemoved: true, revocation: { ...of, cause } },
  );
}

function readField(field: string): Pick<Revocation, 'kind' | 'issuer' | 'id'> | undefined {
  const name = parse(field);
  if (!Array.isArray(name)) return undefined;
  const [kind, issuer, id] = name as readonly unknown[];
  if (kind !== 'app' && kind !== 'token' && kind !== 'family') return undefined;
  if (issuer !== null && typeof issuer !== 'string') return undefined;
  if (typeof id !== 'string' || id === '') return undefined;
  return { kind, issuer: issuer ?? undefined, id };
}

function isNumber(value: unknown): value is number | undefined {
  return value === undefined || typeof value === 'number';
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
