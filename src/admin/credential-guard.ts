/**
 * Slows down guesses of the administrator's credential, and logs them. Called by `require-credential.ts`.
 *
 * Failures are counted per network. Above `FREE_FAILURES` each response is later than the one before, one at a time for
 * all connections of the network. With `MOST_WAITING` responses delayed, no more of its credentials are checked. Until
 * then a right credential is never delayed, so a script with an old one does not lock the administrator out.
 */
import { LRUCache } from 'lru-cache';
import type { Log } from '../model/log.js';

export interface CredentialGuard {
  /** Whether so many responses to the address's network are delayed that no other credential is checked. Logs it if so. */
  isCrowded(address: string): boolean;
  /** Counts and logs a wrong credential. Resolves when the response may be sent; never rejects. */
  failed(address: string): Promise<void>;
}

export interface CredentialGuardOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** The network as which an address is counted. */
  readonly networkOf: (address: string) => string;
  readonly log: Log;
}

interface Failures {
  count: number;
  /** How many responses are delayed, including those whose client has left. */
  waiting: number;
  /** When the last delayed response may be sent. */
  respondAt: number;
}

const FREE_FAILURES = 20;
const STEP_MS = 5;
const LONGEST_MS = 250;
const MOST_WAITING = 20;
/** The count of a network without failures for this long is reset. */
const FORGET_MS = 10 * 60_000;
const MOST_NETWORKS = 10_000;
/** After a line in the log, further failures in this time make one more line. */
const LOG_EVERY_MS = 60_000;
const MOST_LOGGED = 20;

/** Creates the guard of the admin port. Its counts are in the memory of this process. */
export function createCredentialGuard({ now, networkOf, log }: CredentialGuardOptions): CredentialGuard {
  const networks = new LRUCache<string, Failures>({ max: MOST_NETWORKS });
  const logFailure = createFailureLog(log);

  return {
    isCrowded(address) {
      const crowded = (networks.get(networkOf(address))?.waiting ?? 0) >= MOST_WAITING;
      if (crowded) logFailure(address);
      return crowded;
    },
    async failed(address) {
      logFailure(address);
      const at = now();
      const network = networkOf(address);
      let failures = networks.get(network);
      if (failures === undefined || at - failures.respondAt > FORGET_MS)
        networks.set(network, (failures = { count: 0, waiting: 0, respondAt: at }));
      failures.count += 1;
      const delayMs = Math.min(Math.max(failures.count - FREE_FAILURES, 0) * STEP_MS, LONGEST_MS);
      failures.respondAt = Math.max(failures.respondAt, at) + delayMs;
      if (failures.respondAt <= at) return;
      failures.waiting += 1;
      await new Promise((resolve) => setTimeout(resolve, failures.respondAt - at).unref());
      failures.waiting -= 1;
    },
  };
}

/** Logs the first failure, then at most one line a minute with the number of failures since and their addresses. */
function createFailureLog(log: Log): (address: string) => void {
  let isQuiet = false;
  let count = 0;
  const addresses = new Set<string>();

  function summarize(): void {
    isQuiet = false;
    if (count === 0) return;
    log.warn({ failures: count, addresses: [...addresses] }, 'wrong administrator credentials');
    count = 0;
    addresses.clear();
    startQuietPeriod();
  }

  function startQuietPeriod(): void {
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
    startQuietPeriod();
  };
}
