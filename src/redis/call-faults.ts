/**
 * Calls that fail though the server does what it is asked otherwise, each kind of call by itself: one that succeeds says
 * nothing about another that fails. One line when a kind begins to fail, at most once a minute, and one when it succeeds.
 */
import type { OutageLogOptions } from './outage-log.js';

export interface CallFaults {
  /** @param name of the kind of call, such as a script's text */
  fail(name: string, reason: string): void;
  succeed(name: string): void;
}

const MINUTE_MS = 60_000;

export function createCallFaults({ log, now, fields }: OutageLogOptions): CallFaults {
  /** By name; there are as many as scripts. */
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
      // Of every call that succeeds, so almost always of none that has failed.
      if (failing.size > 0 && failing.delete(name)) log.info(fields, 'Redis calls succeed again');
    },
  };
}
