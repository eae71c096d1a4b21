/** Authenticate, issuer keys: logs the start and the end of an outage. Called by `key-set.ts`. */
import type { Log } from '../model/log.js';
import { logFieldsOf } from './key-source-error.js';

/** During an outage, a new reason is logged at most this often. */
const OTHER_REASON_MS = 60_000;

/** Why an issuer's keys cannot be read, and since when. */
export interface KeyFailure {
  /** Safe to log. */
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly sinceMs: number;
}

export interface OutageLog {
  failed(error: unknown): void;
  succeeded(): void;
  /** The outage that lasts; undefined where there is none. Its reason is that of the last line. */
  current(): KeyFailure | undefined;
}

interface Outage {
  readonly sinceMs: number;
  readonly loggedAtMs: number;
  /** The fields of the last line. */
  readonly fields: ReturnType<typeof logFieldsOf>;
}

/**
 * Creates the log of one issuer's outages.
 * @param issuer the issuer's name in the configuration
 * @param now epoch milliseconds
 */
export function createOutageLog(issuer: string, log: Log, now: () => number): OutageLog {
  let outage: Outage | undefined;

  return {
    failed(error) {
      const fields = logFieldsOf(error);
      const nowMs = now();
      if (outage) {
        const isSame = fields.reason === outage.fields.reason;
        if (isSame || nowMs - outage.loggedAtMs < OTHER_REASON_MS) return;
      }
      log.warn({ issuer, ...fields }, 'issuer keys could not be read');
      outage = { sinceMs: outage?.sinceMs ?? nowMs, loggedAtMs: nowMs, fields };
    },
    succeeded() {
      if (!outage) return;
      const { url, file } = outage.fields;
      const place = { ...(url !== undefined && { url }), ...(file !== undefined && { file }) };
      log.info({ issuer, ...place, unavailable_ms: now() - outage.sinceMs }, 'issuer keys can be read again');
      outage = undefined;
    },
    current: () => outage && { reason: outage.fields.reason, sinceMs: outage.sinceMs },
  };
}
