/**
 * Logs a server's outages, for `server.ts`: one line when one begins and one when it ends. During an outage a changed
 * reason has a line at most once a minute. When outages are frequent, only lasting ones are logged, so that a server
 * that fails several times a second does not fill the log.
 */
import type { Log } from '../model/log.js';
import { kindOf } from './errors.js';

export interface OutageLog {
  /** The first connection, without an outage before it. */
  connected(): void;
  begin(reason: string): void;
  /** The outage continues, for this reason. */
  continue(reason: string): void;
  end(): void;
  /** Stops all logging. */
  close(): void;
}

export interface OutageLogOptions {
  readonly log: Log;
  /** Milliseconds from any origin. */
  readonly now: () => number;
  /** Added to every line. */
  readonly fields: object;
}

const MINUTE_MS = 60_000;
/** This many a minute are logged at once. The others are logged when they have lasted `LASTING_MS`. */
const MAX_PER_MINUTE = 5;
const LASTING_MS = 5000;

/** Creates the outage log of one server. */
export function createOutageLog({ log, now, fields }: OutageLogOptions): OutageLog {
  /** When the latest outages began that were logged at once. */
  let loggedAt: number[] = [];
  let beganAt = 0;
  let kind = '';
  let reasonLoggedAt = -Infinity;
  /** Outages that were too short to be logged, since the last line. */
  let shortOutages = 0;
  let latestReason = '';
  let pendingLine: NodeJS.Timeout | undefined;

  function logBegin(): void {
    pendingLine = undefined;
    kind = kindOf(latestReason);
    log.warn(
      { ...fields, reason: latestReason, ...(shortOutages > 0 && { short_outages: shortOutages }) },
      'Redis is unavailable',
    );
    shortOutages = 0;
  }

  return {
    connected() {
      log.info(fields, 'Redis is connected');
    },
    begin(reason) {
      beganAt = now();
      latestReason = reason;
      loggedAt = loggedAt.filter((at) => beganAt - at < MINUTE_MS);
      if (loggedAt.length < MAX_PER_MINUTE) {
        loggedAt.push(beganAt);
        logBegin();
      } else {
        pendingLine = setTimeout(logBegin, LASTING_MS).unref();
      }
    },
    continue(reason) {
      latestReason = reason;
      if (pendingLine || kindOf(reason) === kind || now() - reasonLoggedAt < MINUTE_MS) return;
      kind = kindOf(reason);
      reasonLoggedAt = now();
      log.warn({ ...fields, reason }, 'Redis is still unavailable, for another reason');
    },
    end() {
      if (pendingLine) {
        clearTimeout(pendingLine);
        pendingLine = undefined;
        shortOutages += 1;
      } else {
        log.info({ ...fields, unavailable_ms: Math.round(now() - beganAt) }, 'Redis is available again');
      }
    },
    close: () => clearTimeout(pendingLine),
  };
}
