/** The callers' records: every request that was sent, and its outcome as its caller saw it. */

export type Outcome =
  /** A complete response. */
  | 'answered'
  /** The connection could not be made. */
  | 'refused'
  /** The connection broke before the answer was whole. */
  | 'cut'
  /** The caller went away, as it meant to. */
  | 'left'
  /** Nothing happened for longer than the gate may take. */
  | 'hung';

export interface Attempt {
  /** Sent as X-Request-Id, which the gateway logs as `client_request_id`. */
  readonly id: string;
  /** The kind of caller. */
  readonly caller: string;
  readonly gate: number;
  readonly fromMs: number;
  /** The statuses that its caller may get without any fault. */
  readonly expected: readonly number[];
  toMs: number;
  /** Whether its connection had served another request. */
  isReused: boolean;
  /** Undefined where no response head came. */
  status: number | undefined;
  /** Undefined while it is in progress. */
  outcome: Outcome | undefined;
}

export interface Ledger {
  readonly attempts: readonly Attempt[];
  open(caller: string, gate: number, expected: readonly number[]): Attempt;
  /** The first outcome counts: a caller that got its response may be cut later. */
  close(attempt: Attempt, outcome: Outcome): void;
}

export function createLedger(now: () => number): Ledger {
  const attempts: Attempt[] = [];
  return {
    attempts,
    open(caller, gate, expected) {
      const id = `soak-${attempts.length + 1}`;
      const attempt: Attempt = {
        ...{ id, caller, gate, expected, fromMs: now(), toMs: Infinity },
        ...{ isReused: false, status: undefined, outcome: undefined },
      };
      attempts.push(attempt);
      return attempt;
    },
    close(attempt, outcome) {
      if (attempt.outcome !== undefined) return;
      attempt.outcome = outcome;
      attempt.toMs = now();
    },
  };
}
