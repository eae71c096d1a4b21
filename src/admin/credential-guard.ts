/**
 * Slows down whoever guesses the administrator's credential, and logs that somebody does.
 *
 * Failures are counted by network. Beyond some, each failure is answered later than the one before, one at a time for all
 * connections of the network; beyond some that wait for their answer, nothing of it is checked any more. A right
 * credential is never delayed, so a script with an old one does not keep the administrator out.
 */
import { LRUCache } from 'lru-cache';
import type { Log } from '../model/log.js';

export interface CredentialGuard {
  /** Whether so many wrong credentials of the address's network wait for their answers that no other is checked. */
  isCrowded(address: string): boolean;
  /** Counts and logs a wrong credential; resolves when it may be answered. Never rejects. */
  failed(address: string): Promise<void>;
}

export interface CredentialGuardOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** The network that an address is counted as. */
  readonly networkOf: (address: string) => string;
  readonly log: Log;
}

interface Failures {
  count: number;
  /** How many wait for their answer, whether or not their client still does. */
  waiting: number;
  /** When the last answer goes out. */
  answeredAt: number;
}

const FREE_FAILURES = 20;
const STEP_MS = 5;
const LONGEST_MS = 250;
const MOST_WAITING = 20;
/** A network that has not failed for so long begins anew. */
const FORGET_MS = 10 * 60_000;
const MOST_NETWORKS = 10_000;
/** After a line in the log, what follows within so long is one more line. */
const LOG_EVERY_MS = 60_000;
const MOST_LOGGED = 20;

export function createCredentialGuard({ now, networkOf, log }: CredentialGuardOptions): CredentialGuard {
  const networks = new LRUCache<string, Failures>({ max: MOST_NETWORKS });
  const note = createNote(log);

  return {
    isCrowded(address) {
      const crowded = (networks.get(networkOf(address))?.waiting ?? 0) >= MOST_WAITING;
      if (crowded) note(address);
      return crowded;
    },
    async failed(address) {
      note(address);
      const at = now();
      const network = networkOf(address);
      let failures = networks.get(network);
      if (failures === undefined || at - failures.answeredAt > FORGET_MS)
        networks.set(network, (failures = { count: 0, waiting: 0, answeredAt: at }));
      failures.count += 1;
      const delayMs = Math.min(Math.max(failures.count - FREE_FAILURES, 0) * STEP_MS, LONGEST_MS);
      failures.answeredAt = Math.max(failures.answeredAt, at) + delayMs;
      if (failures.answeredAt <= at) return;
      failures.waiting += 1;
      await new Promise((resolve) => setTimeout(resolve, failures.answeredAt - at).unref());
      failures.waiting -= 1;
    },
  };
}

/** One line for the first failure, then at most one a minute with the number of those since and where they came from. */
function createNote(log: Log): (address: string) => void {
  let isQuiet = false;
  let count = 0;
  const addresses = new Set<string>();

  function summarize(): void {
    isQuiet = false;
    if (count === 0) return;
    log.warn({ failures: count, addresses: [...addresses] }, 'wrong administrator credentials');
    count = 0;
    addresses.clear();
    rest();
  }

  function rest(): void {
    isQuiet = true;
    setTimeout(summarize, LOG_EVERY_MS).unref();
  }

  return (address) => {
    if (isQuiet) {
      count += 1;
      if (addresses.size < MOST_LOGGED) addresses.add(address);
      return;
    }
    log.warn({ failures: 1, addresses: [address] }, 'wrong administrator credentials');
    rest();
  };
}
