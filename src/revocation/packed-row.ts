/**
 * When a revocation was made and when it ends, as one number of 53 bits, so that a million of them take little memory:
 * the seconds since 2020 at which it was made, and the minutes from then to its end.
 */
const EPOCH_S = Date.UTC(2020, 0, 1) / 1000;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
/** 34 years of seconds. */
const SECONDS = 2 ** 30;
/** 15 years of minutes. The last of them stands for no end. */
const ENDLESS = 2 ** 23 - 1;

/** @returns a number; an end is rounded up to the minute, and one that is too far away is none */
export function pack(revokedAtMs: number, endsAtMs: number | undefined): number {
  const seconds = Math.min(Math.max(Math.floor(revokedAtMs / SECOND_MS) - EPOCH_S, 0), SECONDS - 1);
  const fromMs = (seconds + EPOCH_S) * SECOND_MS;
  const minutes = endsAtMs === undefined ? ENDLESS : Math.max(0, Math.ceil((endsAtMs - fromMs) / MINUTE_MS));
  return Math.min(minutes, ENDLESS) * SECONDS + seconds;
}

/** Epoch milliseconds, rounded down to the second. */
export function revokedAtMsOf(packed: number): number {
  return ((packed % SECONDS) + EPOCH_S) * SECOND_MS;
}

/** Epoch milliseconds; undefined: never. */
export function endsAtMsOf(packed: number): number | undefined {
  const minutes = Math.floor(packed / SECONDS);
  return minutes === ENDLESS ? undefined : revokedAtMsOf(packed) + minutes * MINUTE_MS;
}
