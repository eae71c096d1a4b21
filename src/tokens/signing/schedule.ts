/**
 * Plans the rotation of signing keys, for the signer. A key is published from its creation, signs later, is succeeded
 * by the next one, and stays published until its last token has expired. So a verifier always finds the key of a token.
 */
import type { SigningKey } from '../registry/registry.js';

export interface Schedule {
  /** How long a key signs. */
  readonly rotateEveryMs: number;
  /** How long it is published before it signs: longer than verifiers cache the keys. */
  readonly publishBeforeMs: number;
  /** The longest lifetime of a token; undefined if some never expire, so that keys stay published for ever. */
  readonly longestLifetimeMs: number | undefined;
}

/** A planned rotation: when the next key signs, and the end of its predecessor. */
export interface Rotation {
  readonly signsFromMs: number;
  readonly predecessor:
    | {
        readonly kid: string;
        readonly signsUntilMs: number;
        readonly publishedUntilMs: number | undefined;
      }
    | undefined;
}

/** Plans the rotation that is due now; undefined if none is. */
export function planRotation(
  keys: readonly SigningKey[],
  { rotateEveryMs, publishBeforeMs, longestLifetimeMs }: Schedule,
  nowMs: number,
): Rotation | undefined {
  const newest = newestOf(keys);
  // Nothing has been signed yet, so no verifier has cached keys.
  if (newest === undefined) return { signsFromMs: nowMs, predecessor: undefined };
  if (nowMs < newest.signsFromMs + rotateEveryMs - publishBeforeMs) return undefined;
  const signsFromMs = nowMs + publishBeforeMs;
  return {
    signsFromMs,
    predecessor: {
      kid: newest.kid,
      signsUntilMs: signsFromMs,
      // This is longer than tokens last, because clocks differ and verifiers tolerate that.
      publishedUntilMs:
        longestLifetimeMs === undefined ? undefined : signsFromMs + longestLifetimeMs + publishBeforeMs,
    },
  };
}

function newestOf(keys: readonly SigningKey[]): SigningKey | undefined {
  return keys.reduce<SigningKey | undefined>(
    (newest, key) => (newest === undefined || key.signsFromMs > newest.signsFromMs ? key : newest),
    undefined,
  );
}

/** Whether a key no longer signs. */
export function isDone({ signsUntilMs }: SigningKey, nowMs: number): boolean {
  return signsUntilMs !== undefined && signsUntilMs <= nowMs;
}
