/** Converts revocations to text, one line each, for the file on disk and for other workers. */
import type { Revocation, RevocationChange, RevocationKey } from '../model/revocation.js';

/** Returns the line of a change, with its line end. */
export function writeChange({ isRemoved, revocation }: RevocationChange): string {
  const { kind, issuer, id, cause } = revocation;
  return `${JSON.stringify(isRemoved ? ['-', kind, issuer, id, cause] : ['+', ...cells(revocation)])}\n`;
}

/** Returns the line of a revocation, with its line end. */
export function writeRow(revocation: Revocation): string {
  return `${JSON.stringify(['+', ...cells(revocation)])}\n`;
}

function cells(revocation: Revocation): readonly unknown[] {
  const { kind, issuer, id, cause, revokedAtMs, endsAtMs, issuedBeforeMs, generation } = revocation;
  const row = [kind, issuer, id, cause, revokedAtMs];
  if (generation !== undefined || issuedBeforeMs !== undefined)
    return [...row, endsAtMs, issuedBeforeMs, generation];
  return endsAtMs === undefined ? row : [...row, endsAtMs];
}

/** Parses a line without its line end; undefined for anything that `writeChange` does not write. */
export function readChange(line: string): RevocationChange | undefined {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!Array.isArray(row)) return undefined;
  const [sign, kind, issuer, id, cause, revokedAtMs, endsAtMs, issuedBeforeMs, generation] =
    row as readonly unknown[];
  if (kind !== 'app' && kind !== 'token' && kind !== 'family') return undefined;
  if (issuer !== null && typeof issuer !== 'string') return undefined;
  if (typeof id !== 'string' || id === '') return undefined;
  if (cause !== 'revoked' && cause !== 'deleted' && cause !== 'changed') return undefined;
  const key: RevocationKey = { kind, issuer: issuer ?? undefined, id, cause };
  if (sign === '-') return { isRemoved: true, revocation: key };
  if (sign !== '+' || typeof revokedAtMs !== 'number') return undefined;
  if (!isOptional(endsAtMs) || !isOptional(issuedBeforeMs) || !isOptional(generation)) return undefined;
  return {
    isRemoved: false,
    revocation: {
      ...key,
      revokedAtMs,
      endsAtMs: endsAtMs ?? undefined,
      issuedBeforeMs: issuedBeforeMs ?? undefined,
      generation: generation ?? undefined,
    },
  };
}

/** JSON has null for an undefined cell in the middle of a row. */
function isOptional(cell: unknown): cell is number | null | undefined {
  return cell === undefined || cell === null || typeof cell === 'number';
}
