/** The last administrative changes of this process, in memory, for the console. The log has all of them. */
import type { Audit } from '../model/audit.js';
import { auditRecordOf, type AuditRecord } from '../model/audit-record.js';

const DEFAULT_SIZE = 500;

/** A ring of the last changes. */
export class AuditRing {
  readonly #records: AuditRecord[] = [];
  readonly #now: () => number;
  readonly #size: number;

  /**
   * @param now epoch milliseconds
   * @param size how many are kept
   */
  constructor(now: () => number, size = DEFAULT_SIZE) {
    this.#now = now;
    this.#size = size;
  }

  /** Returns an audit that also keeps each change. */
  keeping(audit: Audit): Audit {
    return (entry) => {
      audit(entry);
      this.#records.push(auditRecordOf(entry, this.#now()));
      if (this.#records.length > this.#size) this.#records.shift();
    };
  }

  /** Returns the last changes, the newest first. */
  list(limit: number): readonly AuditRecord[] {
    return this.#records.slice(Math.max(0, this.#records.length - limit)).reverse();
  }
}

/** Merges the lists of several workers, the newest first. */
export function mergeAudits(
  lists: readonly (readonly AuditRecord[])[],
  limit: number,
): readonly AuditRecord[] {
  return lists
    .flat()
    .sort((one, other) => other.at - one.at)
    .slice(0, limit);
}
