/**
 * When signing keys change. A key is published from its creation, signs a while later, hands over to the next one, and
 * stays published until the last token that it signed has ended: so no verifier ever meets a token before its key, or
 * after it.
 */
import type { SigningKey } from '../registry/registry.js';

export interface Schedule {
  /** How long a key signs. */
  readonly rotateEveryMs: number;
  /** How long it is published before: longer than anybody keeps our keys without asking again. */
  readonly publishBeforeMs: number;
  /** How long tokens last at most; undefined where some never end, and so no key may ever go. */
  readonly longestLifetimeMs: number | undefined;
}

/** Two keys of one handover: when the next one signs, and what becomes of the one before. */
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

/** The handover to begin now; undefined while the newest key has time. */
export function planRotation(
  keys: readonly SigningKey[],
  { rotateEveryMs, publishBeforeMs, longestLifetimeMs }: Schedule,
  nowMs: number,
): Rotation | undefined {
  const newest = newestOf(keys);
  // Nothing has been signed yet, so nobody has any keys of ours.
  if (newest === undefined) return { signsFromMs: nowMs, predecessor: undefined };
  if (nowMs < newest.signsFromMs + rotateEveryMs - publishBeforeMs) return undefined;
  const signsFromMs = nowMs + publishBeforeMs;
  return {
    signsFromMs,
    predecessor: {
      kid: newest.kid,
      signsUntilMs: signsFromMs,
      // A little longer than tokens last, since clocks differ and verifiers have patience with them.
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

/** Whether a key has signed its last. */
export function isDone({ signsUntilMs }: SigningKey, nowMs: number): boolean {
  return signsUntilMs !== undefined && signsUntilMs <= nowMs;
}
