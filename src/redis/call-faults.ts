/**
 * Logs calls that fail although the server works; `server.ts` reports them. Each kind of call counts by itself, since
 * one kind can fail while another succeeds. A kind logs one line when it begins to fail, at most once a minute, and one
 * when it succeeds again.
 */
import type { OutageLogOptions } from './outage-log.js';

export interface CallFaults {
  /** @param name of the kind of call, for example a script's text */
  fail(name: string, reason: string): void;
  succeed(name: string): void;
}

const MINUTE_MS = 60_000;

/** Creates the log of failing calls for one server. Nothing fails yet. */
export function createCallFaults({ log, now, fields }: OutageLogOptions): CallFaults {
  /** By name, in milliseconds of `now`. There is one entry per script. */
  const loggedAt = new Map<string, number>();
  const failing = new Set<string>();
  return {
    fail(name, reason) {
      if (failing.has(name) || now() - (loggedAt.get(name) ?? -Infinity) < MINUTE_MS) return;
      failing.add(name);
      loggedAt.set(name, now());
      log.error({ ...fields, reason }, 'Redis calls fail');
    },
    succeed(name) {
      // Runs for every successful call. The size check is enough in almost all of them.
      if (failing.size > 0 && failing.delete(name)) log.info(fields, 'Redis calls succeed again');
    },
  };
}
