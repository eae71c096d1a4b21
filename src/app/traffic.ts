/**
 * The traffic that the console shows: of this process, of the other workers, and of the gateways that share its Redis.
 * Composed by `serve.ts`.
 */
import type { ExchangeRecord } from '../model/record.js';
import type { RedisConnection } from '../redis/connection.js';
import { SharedTraffic } from '../telemetry/shared-traffic.js';
import { BUCKET_MS, type CollectedTraffic, type TrafficBucket } from '../telemetry/traffic-bucket.js';
import { Traffic } from '../telemetry/traffic.js';
import { SiblingTraffic, type ProcessTraffic } from './sibling-traffic.js';

const LATER_MS = 5;

export interface TrafficOptions {
  /** Whether the console is on. Otherwise nothing is counted or written. */
  readonly isOn: () => boolean;
  readonly redis: () => RedisConnection | undefined;
  readonly keyPrefix: () => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: (size: number) => Uint8Array;
  /** Undefined for a gateway of one process. */
  readonly worker:
    | {
        /** The same for all workers of the gateway. */
        readonly gateway: string;
        /** Returns the traffic of all workers, the own included. */
        readonly collect: (from: number) => Promise<readonly ProcessTraffic[]>;
      }
    | undefined;
}

export interface TrafficHandle {
  /** Counts an exchange that is over. */
  readonly add: (record: ExchangeRecord) => void;
  /** Returns the traffic of this process, from a bucket on. */
  readonly own: (from: number) => ProcessTraffic;
  /** Returns the traffic of all, from a bucket on. Never rejects: what cannot be read is left out. */
  readonly collect: (from: number) => Promise<CollectedTraffic>;
  /** Stops writing. */
  readonly close: () => void;
}

/** Begins to count. */
export function openTraffic(options: TrafficOptions): TrafficHandle {
  const { isOn, redis, keyPrefix, now, random, worker } = options;
  const own = { gateway: worker?.gateway ?? idOf(random(8)), process: idOf(random(4)) };
  let finished: TrafficBucket | undefined;
  const traffic = new Traffic({ now, onFinished: (bucket) => (finished = bucket) });
  const shared = new SharedTraffic({ redis, keyPrefix, own, now });
  const siblings = worker && new SiblingTraffic({ collect: worker.collect, now });
  const ownTraffic = (from: number): ProcessTraffic => ({ ...own, buckets: traffic.buckets(from) });

  async function finishBucket(): Promise<void> {
    traffic.advance();
    siblings?.forget();
    const bucket = finished;
    finished = undefined;
    if (isOn()) await shared.write(bucket);
  }

  let timer: NodeJS.Timeout | undefined;
  function schedule(): void {
    timer = setTimeout(
      () => {
        schedule();
        void finishBucket();
      },
      // A little later, since a timer can be early by a millisecond.
      BUCKET_MS - (now() % BUCKET_MS) + LATER_MS,
    ).unref();
  }
  schedule();

  return {
    add(record) {
      if (isOn()) traffic.add(record);
    },
    own: ownTraffic,
    async collect(from) {
      const processes = (await siblings?.read(from).catch(() => undefined)) ?? [ownTraffic(from)];
      const others = await shared.read(from, processes);
      const gateways = new Set([own.gateway, ...others.gateways]);
      return {
        buckets: [...processes.flatMap(({ buckets }) => buckets), ...others.buckets],
        gateways: gateways.size,
      };
    },
    close: () => clearTimeout(timer),
  };
}

/** Random bytes in hex. */
export function idOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
