/** The calls between the primary and its workers. */
import type { AddressInfo } from 'node:net';
import type { ProcessReport } from '../app/process-report.js';
import type { ProcessTraffic } from '../app/sibling-traffic.js';
import type { Settings } from '../model/settings.js';
import type { KnownPage } from '../revocation/revocation.js';
import type { Measurements } from '../telemetry/metrics.js';
import type { RefusalFilter } from '../telemetry/recent-refusals.js';
import type { ExplainedRefusal, ListedRefusal } from '../telemetry/refusal-json.js';

/** The environment variable with a worker's number, from 1. Its presence marks a worker of a gateway. */
export const WORKER_NUMBER = 'TOLLGATE_WORKER';

/** The environment variable with the gateway's id, which all its workers share. */
export const GATEWAY_ID = 'TOLLGATE_GATEWAY';

export interface WorkerAddresses {
  readonly address: AddressInfo;
  readonly adminAddress: AddressInfo;
}

/** The calls that a worker offers to the primary once it has begun. */
export interface WorkerCalls {
  /**
   * Reloads. Without settings it reads the file itself, and logs its errors.
   *
   * @returns whether the new settings are in force
   */
  readonly reload: (settings: Settings | undefined) => Promise<boolean>;
  /** Returns its own metrics. */
  readonly measure: () => Promise<Measurements>;
  /** Returns a page of the revocations it knows; undefined where it knows none. */
  readonly knownRevocations: (from: number) => Promise<KnownPage | undefined>;
  /** Returns its own recent refusals, the newest first. */
  readonly refusals: (filter: RefusalFilter) => Promise<readonly ListedRefusal[]>;
  /** Returns one of its own refusals by request id; undefined where it does not keep it. */
  readonly findRefusal: (id: string) => Promise<ExplainedRefusal | undefined>;
  /** Returns its last administrative changes and its last reload. */
  readonly report: (limit: number) => Promise<ProcessReport>;
  /** Returns its own traffic, from a bucket on. */
  readonly traffic: (from: number) => Promise<ProcessTraffic>;
  /** Drains, then exits. */
  readonly drain: () => void;
}

/** The calls that the primary offers to a worker. */
export interface PrimaryCalls {
  /** A worker's first call, which returns its settings. A message sent to it earlier would be lost. */
  readonly begin: () => Settings;
  /** Reports that the worker serves. */
  readonly opened: (addresses: WorkerAddresses) => void;
  /** Returns a page of the revocations that another worker knows; undefined where none knows any. */
  readonly knownRevocations: (from: number) => Promise<KnownPage | undefined>;
  /** Returns the metrics of every worker, the caller included, as the text that Prometheus reads. */
  readonly collectMetrics: () => Promise<string>;
  /** Returns the recent refusals of every worker, the caller included, the newest first. */
  readonly collectRefusals: (filter: RefusalFilter) => Promise<readonly ListedRefusal[]>;
  /** Returns the reports of every worker, the caller included. */
  readonly collectReports: (limit: number) => Promise<readonly ProcessReport[]>;
  /** Returns the traffic of every worker, the caller included, from a bucket on. */
  readonly collectTraffic: (from: number) => Promise<readonly ProcessTraffic[]>;
  /** Returns a refusal of any worker by request id; undefined where none keeps it. */
  readonly findRefusal: (id: string) => Promise<ExplainedRefusal | undefined>;
}
