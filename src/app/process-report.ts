/** What a process tells the console of the others: its last administrative changes, its last reload, and its faults. */
import type { AuditRecord } from '../model/audit-record.js';
import { mergeAudits, type AuditRing } from '../telemetry/audit-trail.js';
import type { RefusalsApiOptions } from '../admin/refusals-api.js';
import type { ConsoleReports } from './console-routers.js';
import type { Fault } from './faults.js';
import type { RefusalReports } from './refusal-reports.js';
import type { ReloadResult } from './reloader.js';

export interface ProcessReport {
  /** The newest first. */
  readonly audit: readonly AuditRecord[];
  readonly lastReload: ReloadResult | undefined;
  readonly faults: readonly Fault[];
}

/** Returns the function that makes the report of this process. `state` is called with each. */
export function reportOf(
  ring: AuditRing,
  state: () => Omit<ProcessReport, 'audit'>,
): (limit: number) => ProcessReport {
  return (limit) => ({ audit: ring.list(limit), ...state() });
}

/** The calls by which a worker asks all of them, itself included. */
export interface AllWorkers {
  readonly refusals: RefusalsApiOptions;
  /** @param limit the most changes of each */
  readonly collectReports: (limit: number) => Promise<readonly ProcessReport[]>;
}

/**
 * Creates what the console reads of all workers.
 *
 * @param worker undefined for a gateway of one process
 * @param report the report of this process
 */
export function createConsoleReports(
  worker: AllWorkers | undefined,
  refusals: Pick<RefusalReports, 'list' | 'find'>,
  report: (limit: number) => ProcessReport,
): ConsoleReports {
  const collect = worker?.collectReports ?? ((limit) => Promise.resolve([report(limit)]));
  return {
    refusals: worker?.refusals ?? {
      list: (filter) => Promise.resolve(refusals.list(filter)),
      find: (id) => refusals.find(id),
    },
    async audit(limit) {
      const reports = await collect(limit);
      return mergeAudits(
        reports.map(({ audit }) => audit),
        limit,
      );
    },
    async lastReload() {
      const results = (await collect(0)).flatMap(({ lastReload }) => lastReload ?? []);
      return results.sort((one, other) => other.atMs - one.atMs)[0];
    },
    async faults() {
      // Without the others this process still knows its own.
      const reports = await collect(0).catch(() => []);
      return mergeFaults((reports.length > 0 ? reports : [report(0)]).map(({ faults }) => faults));
    },
  };
}

/**
 * Merges the faults of several workers: each once, since its first begin. One that not all have says so, except a failed reload,
 * which the first worker tries for all.
 */
export function mergeFaults(lists: readonly (readonly Fault[])[]): readonly Fault[] {
  const found = new Map<string, { fault: Fault; count: number }>();
  for (const fault of lists.flat()) {
    const key = `${fault.kind} ${fault.text}`;
    const { fault: other = fault, count = 0 } = found.get(key) ?? {};
    found.set(key, { fault: fault.sinceMs < other.sinceMs ? fault : other, count: count + 1 });
  }
  return [...found.values()].map(({ fault, count }) =>
    count === lists.length || fault.kind === 'reload'
      ? fault
      : { ...fault, text: `${fault.text} (in ${count} of ${lists.length} workers)` },
  );
}
