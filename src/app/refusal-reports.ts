/** Keeps the refusals of this process, and says why each was decided: to /api, and in the log at level debug. */
import type { RefusalContext } from '../explain/known-refusal.js';
import type { Explanation } from '../model/explanation.js';
import type { Log } from '../model/log.js';
import type { ExchangeRecord } from '../model/record.js';
import { RecentRefusals, type RecentRefusal, type RefusalFilter } from '../telemetry/recent-refusals.js';
import { listedRefusal, type ExplainedRefusal, type ListedRefusal } from '../telemetry/refusal-json.js';

export interface RefusalReportsOptions {
  readonly log: Log & { isLevelEnabled(level: 'debug'): boolean };
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The gateway instance in force. */
  readonly current: () => RefusalContext;
}

export interface RefusalReports {
  /** Keeps an exchange that was refused. At level debug also logs the decision. */
  readonly add: (record: ExchangeRecord) => void;
  /** Keeps an exchange that a rule in shadow would have refused. */
  readonly addShadow: (record: ExchangeRecord) => void;
  /** Returns the refusals of this process, the newest first. */
  readonly list: (filter: RefusalFilter) => readonly ListedRefusal[];
  /** Returns a refusal of this process with its decision; undefined where it is not kept. */
  readonly find: (id: string) => Promise<ExplainedRefusal | undefined>;
}

/** Opens the reports; they begin empty. */
export function createRefusalReports({ log, now, current }: RefusalReportsOptions): RefusalReports {
  const refusals = new RecentRefusals(now);

  async function explain(refusal: RecentRefusal): Promise<Explanation> {
    // Loaded at the first use: few gateways are asked.
    const { explainRefusal } = await import('../explain/explain-refusal.js');
    return explainRefusal(refusal, current());
  }

  async function logDecision(refusal: RecentRefusal): Promise<void> {
    log.debug({ request_id: refusal.requestId, decision: await explain(refusal) }, 'refusal explained');
  }

  return {
    add(record) {
      const refusal = refusals.add(record);
      if (!refusal || !log.isLevelEnabled('debug')) return;
      // The path may be private: it is logged only where the operator allows it.
      const logged = current().settings.log.paths ? refusal : { ...refusal, path: undefined };
      logDecision(logged).catch((error: unknown) => {
        log.error({ request_id: refusal.requestId, err: error }, 'a refusal could not be explained');
      });
    },
    addShadow: (record) => refusals.addShadow(record),
    list: (filter) => refusals.list(filter).map(listedRefusal),
    async find(id) {
      const refusal = refusals.find(id);
      return refusal && { ...(await explain(refusal)), refusal: listedRefusal(refusal) };
    },
  };
}
