/**
 * Packs the start and the end of a revocation into one number of 53 bits, to save memory: the seconds from 2020 to its
 * start, and the minutes from its start to its end.
 */
const EPOCH_S = Date.UTC(2020, 0, 1) / 1000;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
/** 34 years of seconds. */
const SECONDS = 2 ** 30;
/** 15 years of minutes. The last value means no end. */
const ENDLESS = 2 ** 23 - 1;

/** Packs two times in epoch milliseconds. The end is rounded up to the minute; one beyond 15 years becomes none. */
export function pack(revokedAtMs: number, endsAtMs: number | undefined): number {
  const seconds = Math.min(Math.max(Math.floor(revokedAtMs / SECOND_MS) - EPOCH_S, 0), SECONDS - 1);
  const fromMs = (seconds + EPOCH_S) * SECOND_MS;
  const minutes = endsAtMs === undefined ? ENDLESS : Math.max(0, Math.ceil((endsAtMs - fromMs) / MINUTE_MS));
  return Math.min(minutes, ENDLESS) * SECONDS + seconds;
}

/** Returns when the revocation was made: epoch milliseconds, rounded down to the second. */
export function revokedAtMsOf(packed: number): number {
  return ((packed % SECONDS) + EPOCH_S) * SECOND_MS;
}

/** Returns when the revocation ends: epoch milliseconds; undefined where it does not end. */
export function endsAtMsOf(packed: number): number | undefined {
  const minutes = Math.floor(packed / SECONDS);
  return minutes === ENDLESS ? undefined : revokedAtMsOf(packed) + minutes * MINUTE_MS;
}
