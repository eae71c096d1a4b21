/**
 * The administrative changes in the registry: those of all gateways and commands that share it, for the console. What cannot
 * be written there is in the log all the same.
 */
import type { Audit } from '../model/audit.js';
import { auditRecordOf, type AuditPosition, type AuditRecord } from '../model/audit-record.js';
import type { Log } from '../model/log.js';
import type { Registry } from './registry/registry.js';

export interface AuditTrailOptions {
  readonly registry: Pick<Registry, 'addAudit' | 'listAudit'>;
  /** Records each change in the log. */
  readonly audit: Audit;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: (size: number) => Uint8Array;
  readonly log: Log;
}

export interface AuditPage {
  /** The newest first. */
  readonly records: readonly AuditRecord[];
  /** Where the next page begins; undefined: this is the last. */
  readonly next: AuditPosition | undefined;
}

const ID_BYTES = 12;
/** So many writes may wait for the registry; further changes are in the log alone. */
const MAX_PENDING = 1000;

/** Writes changes, and reads them. */
export class RegistryAuditTrail {
  readonly #options: AuditTrailOptions;
  readonly #pending = new Set<Promise<void>>();
  #isFailing = false;

  constructor(options: AuditTrailOptions) {
    this.#options = options;
  }

  /** Records a change in the log and the registry. The write goes on in the background; one that fails is logged, once until one succeeds. */
  readonly record: Audit = (entry) => {
    const { registry, audit, now, random } = this.#options;
    audit(entry);
    if (this.#pending.size >= MAX_PENDING) return;
    const atMs = now();
    const id = Buffer.from(random(ID_BYTES)).toString('base64url');
    const write = registry
      .addAudit({ id, atMs, record: auditRecordOf(entry, atMs) })
      .then(
        () => {
          this.#isFailing = false;
        },
        (error: unknown) => this.#logFailure(error),
      )
      .finally(() => this.#pending.delete(write));
    this.#pending.add(write);
  };

  /** Returns a page of the changes, with what this process has recorded before. Rejects where the registry is unavailable. */
  async list(limit: number, before?: AuditPosition): Promise<AuditPage> {
    await this.settled();
    // One more, to know whether there is another page.
    const rows = await this.#options.registry.listAudit(limit + 1, before);
    const page = rows.slice(0, limit);
    return { records: page.map(({ record }) => record), next: rows.length > limit ? page.at(-1) : undefined };
  }

  /** Settles when everything that was recorded before is written, or has failed. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #logFailure(error: unknown): void {
    if (!this.#isFailing)
      this.#options.log.warn({ err: error }, 'changes cannot be recorded in the registry');
    this.#isFailing = true;
  }
}
