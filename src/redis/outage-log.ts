/**
 * What the log says of a server's outages: one line when one begins and one when it ends. While it lasts, another reason
 * has a line at most once a minute. Outages that come one after the other are logged once they last, so that a server
 * which comes and goes several times a second does not fill the log.
 */
import type { Log } from '../model/log.js';
import { kindOf } from './errors.js';

export interface OutageLog {
  /** Connected, without an outage before. */
  connected(): void;
  begin(reason: string): void;
  /** Why the outage goes on. */
  goOn(reason: string): void;
  end(): void;
  /** Nothing is logged any more. */
  close(): void;
}

export interface OutageLogOptions {
  readonly log: Log;
  /** Milliseconds from any origin. */
  readonly now: () => number;
  /** Stands in every line. */
  readonly fields: object;
}

const MINUTE_MS = 60_000;
/** So many in a minute are logged as they begin; the others when they have lasted so long. */
const MOST_IN_A_MINUTE = 5;
const LASTING_MS = 5000;

export function createOutageLog({ log, now, fields }: OutageLogOptions): OutageLog {
  /** When the last outages began that were logged at once. */
  let logged: number[] = [];
  let beganAt = 0;
  let kind = '';
  let reasonLoggedAt = -Infinity;
  /** Outages that were too short to be logged, among many. */
  let short = 0;
  let latest = '';
  let waiting: NodeJS.Timeout | undefined;

  function logBegin(): void {
    waiting = undefined;
    kind = kindOf(latest);
    log.warn(
      { ...fields, reason: latest, ...(short > 0 && { short_outages: short }) },
      'Redis is unavailable',
    );
    short = 0;
  }

  return {
    connected() {
      log.info(fields, 'Redis is connected');
    },
    begin(reason) {
      beganAt = now();
      latest = reason;
      logged = logged.filter((at) => beganAt - at < MINUTE_MS);
      if (logged.length < MOST_IN_A_MINUTE) {
        logged.push(beganAt);
        logBegin();
      } else {
        waiting = setTimeout(logBegin, LASTING_MS).unref();
      }
    },
    goOn(reason) {
      latest = reason;
      if (waiting || kindOf(reason) === kind || now() - reasonLoggedAt < MINUTE_MS) return;
      kind = kindOf(reason);
      reasonLoggedAt = now();
      log.warn({ ...fields, reason }, 'Redis is still away, for another reason');
    },
    end() {
      if (waiting) {
        clearTimeout(waiting);
        waiting = undefined;
        short += 1;
      } else {
        log.info({ ...fields, unavailable_ms: Math.round(now() - beganAt) }, 'Redis is available again');
      }
    },
    close: () => clearTimeout(waiting),
  };
}
