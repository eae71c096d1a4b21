/** What a process tells the console of the others: its last administrative changes and its last reload. */
import { mergeAudits, type AuditRecord, type AuditRing } from '../telemetry/audit-trail.js';
import type { RefusalsApiOptions } from '../admin/refusals-api.js';
import type { ConsoleReports } from './console-routers.js';
import type { RefusalReports } from './refusal-reports.js';
import type { ReloadResult } from './reloader.js';

export interface ProcessReport {
  /** The newest first. */
  readonly audit: readonly AuditRecord[];
  readonly lastReload: ReloadResult | undefined;
}

/** Returns the function that makes the report of this process. */
export function reportOf(
  ring: AuditRing,
  lastReload: () => ReloadResult | undefined,
): (limit: number) => ProcessReport {
  return (limit) => ({ audit: ring.list(limit), lastReload: lastReload() });
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
  };
}
