/** What the primary and its workers ask of each other. */
import type { AddressInfo } from 'node:net';
import type { Settings } from '../model/settings.js';
import type { KnownPage } from '../revocation/revocation.js';
import type { Measurements } from '../telemetry/metrics.js';

/** Names to a worker its place among the workers, from 1: whoever has it was forked by a gate. */
export const WORKER_NUMBER = 'TOLLGATE_WORKER';

export interface Addresses {
  readonly address: AddressInfo;
  readonly adminAddress: AddressInfo;
}

/** What a worker does for the primary, once it has begun. */
export interface WorkerCalls {
  /**
   * Without settings it reads the file itself, and says in the log what is wrong with it.
   *
   * @returns whether they are in force now
   */
  readonly reload: (settings: Settings | undefined) => Promise<boolean>;
  /** Its own metrics. */
  readonly measure: () => Promise<Measurements>;
  /** What it knows to be revoked, a page at a time; undefined where it knows nothing. */
  readonly knownRevocations: (from: number) => Promise<KnownPage | undefined>;
  /** Drains and ends. */
  readonly drain: () => void;
}

/** What the primary does for a worker. */
export interface PrimaryCalls {
  /** The first word of a worker: before it nothing that is sent would be heard. */
  readonly begin: () => Settings;
  /** It serves. */
  readonly opened: (addresses: Addresses) => void;
  /** A page of what another worker knows to be revoked; undefined where none does. */
  readonly knownRevocations: (from: number) => Promise<KnownPage | undefined>;
  /** The metrics of every worker, the one that asks among them. */
  readonly collectMetrics: () => Promise<readonly Measurements[]>;
}
