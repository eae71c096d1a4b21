/**
 * The traffic of gateways that share a Redis. Each process of a gateway writes its finished buckets there, one key a bucket,
 * which expires after an hour. It reads those of the others when the console asks, and keeps them while it goes on asking.
 *
 * All keys are in one slot of a cluster, so that a bucket and its entry in the index are written by one call:
 *
 *   {traffic}:gateways:HOUR      a sorted set: each process, with its last bucket
 *   {traffic}:PROCESS:BUCKET     a bucket as text (traffic-text.ts)
 *
 * Where Redis is unavailable, nothing is written or read, and the numbers are those of this gateway alone.
 */
import { BUCKET_MS, KEPT_BUCKETS, type TrafficBucket } from './traffic-bucket.js';
import { bucketFromText, bucketToText } from './traffic-text.js';

/** The part of the Redis connection that is used. */
export interface TrafficRedis {
  /** False during a known outage. */
  readonly isUp: boolean;
  /** Runs a script that replies with a list. */
  runScript(
    lua: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    withinMs: number,
  ): Promise<readonly unknown[] | 'unavailable'>;
}

/** One process of a gateway. */
export interface TrafficProcess {
  /** The same for all workers of a gateway, and another for every start. Letters and digits. */
  readonly gateway: string;
  /** Another for every process of the gateway. Letters and digits. */
  readonly process: string;
}

export interface SharedTrafficOptions {
  /** Undefined where the file has no Redis. */
  readonly redis: () => TrafficRedis | undefined;
  readonly keyPrefix: () => string;
  readonly own: TrafficProcess;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What other processes have written. */
export interface OthersTraffic {
  readonly buckets: readonly TrafficBucket[];
  /** The gateways that were there within the last half minute. */
  readonly gateways: ReadonlySet<string>;
}

const CALL_MS = 1000;
/** The longest time for reading. What is not read then is read when the console asks again. */
const READ_MS = 2000;
/** Small, since replies to limit checks wait behind this one. */
const READ_AT_ONCE = 20;
/** A bucket this old that is not there was never written. */
const FINAL_AFTER = 3;
/** The buckets of others are forgotten when nobody asks for this long. */
const FORGET_MS = 60_000;
/** The most bytes of buckets of others. Beyond it the oldest are not read. */
const MAX_BYTES = 64 * 1024 * 1024;
const HOUR_MS = KEPT_BUCKETS * BUCKET_MS;

/** ARGV: the process, its bucket, milliseconds until the index and the bucket expire, the text, which may be empty. */
const WRITE = `
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
if ARGV[5] ~= '' then redis.call('SET', KEYS[2], ARGV[5], 'PX', ARGV[4]) end
return { 1 }
`;

/** ARGV: the first bucket that is wanted. Replies processes and their last buckets. */
const LIST = `
local found = {}
for i, key in ipairs(KEYS) do
  for j, value in ipairs(redis.call('ZRANGEBYSCORE', key, ARGV[1], '+inf', 'WITHSCORES')) do
    found[#found + 1] = value
  end
end
return found
`;

const READ = `
local found = {}
for i, key in ipairs(KEYS) do found[i] = redis.call('GET', key) or '' end
return found
`;

const NOBODY: OthersTraffic = { buckets: [], gateways: new Set() };

/** The buckets of one other process; undefined: it has none at that time. */
type KnownBuckets = Map<number, TrafficBucket | undefined>;

/** Writes and reads. Nothing throws or rejects. */
export class SharedTraffic {
  readonly #options: SharedTrafficOptions;
  /** By process. */
  #known = new Map<string, KnownBuckets>();
  #bytes = 0;
  #askedAtMs = 0;
  #reading: Promise<OthersTraffic> = Promise.resolve(NOBODY);

  constructor(options: SharedTrafficOptions) {
    this.#options = options;
  }

  /**
   * Tells the others that this process is there, and writes a finished bucket. To be called every ten seconds.
   *
   * @param bucket undefined where there was no traffic
   */
  async write(bucket: TrafficBucket | undefined): Promise<void> {
    const { redis, own, now } = this.#options;
    this.#forget();
    const connection = redis();
    if (!connection?.isUp) return;
    const at = bucket?.at ?? Math.floor(now() / BUCKET_MS) - 1;
    const name = nameOf(own);
    const keys = [this.#indexKey(at), this.#bucketKey(name, at)];
    const text = bucket ? bucketToText(bucket) : '';
    await connection.runScript(WRITE, keys, [name, at, 2 * HOUR_MS, HOUR_MS, text], CALL_MS);
  }

  /**
   * Returns the buckets of the other processes, those that were read so far where Redis is slow.
   *
   * @param from the first bucket that is wanted
   * @param without the processes whose buckets are known already
   */
  read(from: number, without: readonly TrafficProcess[]): Promise<OthersTraffic> {
    // One at a time: the next reading finds what this one has read.
    const reading = this.#reading.then(() => this.#read(from, new Set(without.map(nameOf))));
    this.#reading = reading.catch(() => NOBODY);
    return this.#reading;
  }

  async #read(from: number, without: ReadonlySet<string>): Promise<OthersTraffic> {
    const nowMs = this.#options.now();
    this.#askedAtMs = nowMs;
    const current = Math.floor(nowMs / BUCKET_MS);
    const listed = await this.#list(from, current);
    if (!listed) return NOBODY;
    const others = [...listed].filter(([name]) => !without.has(name));
    this.#dropOld(new Set(others.map(([name]) => name)), current - KEPT_BUCKETS);
    for (const [name, last] of others)
      if (!(await this.#readProcess(name, from, Math.min(last, current), nowMs + READ_MS))) break;
    const buckets = others.flatMap(([name]) =>
      [...(this.#known.get(name)?.values() ?? [])].filter(
        (bucket) => bucket !== undefined && bucket.at >= from,
      ),
    );
    const alive = others.filter(([, last]) => last >= current - FINAL_AFTER);
    return {
      buckets: buckets as TrafficBucket[],
      gateways: new Set(alive.map(([name]) => name.slice(0, name.indexOf('.')))),
    };
  }

  /** Returns each process with its last bucket; undefined where Redis is unavailable. */
  async #list(from: number, current: number): Promise<ReadonlyMap<string, number> | undefined> {
    const connection = this.#options.redis();
    if (!connection?.isUp) return undefined;
    const keys = [...new Set([this.#indexKey(current - KEPT_BUCKETS), this.#indexKey(current)])];
    const reply = await connection.runScript(LIST, keys, [from], CALL_MS);
    if (reply === 'unavailable') return undefined;
    const found = new Map<string, number>();
    for (let at = 0; at + 1 < reply.length; at += 2) {
      const [name, last] = [String(reply[at]), Number(reply[at + 1])];
      if (Number.isInteger(last)) found.set(name, Math.max(last, found.get(name) ?? 0));
    }
    return found;
  }

  /** Reads what is not known of a process, the newest first. Returns whether there is time and memory for more. */
  async #readProcess(name: string, from: number, last: number, untilMs: number): Promise<boolean> {
    const connection = this.#options.redis();
    let known = this.#known.get(name);
    if (!known) this.#known.set(name, (known = new Map<number, TrafficBucket | undefined>()));
    const missing: number[] = [];
    for (let at = last; at >= from; at--) if (!known.has(at)) missing.push(at);
    while (missing.length > 0) {
      if (this.#options.now() > untilMs || this.#bytes > MAX_BYTES || !connection?.isUp) return false;
      const wanted = missing.splice(0, READ_AT_ONCE);
      const reply = await connection.runScript(
        READ,
        wanted.map((at) => this.#bucketKey(name, at)),
        [],
        CALL_MS,
      );
      if (reply === 'unavailable') return false;
      for (const [index, at] of wanted.entries()) this.#keep(known, at, String(reply[index]));
    }
    return true;
  }

  #keep(known: KnownBuckets, at: number, text: string): void {
    const bucket = text === '' ? undefined : bucketFromText(text);
    const isFinal = at < Math.floor(this.#options.now() / BUCKET_MS) - FINAL_AFTER;
    if (bucket?.at !== at && !isFinal) return;
    known.set(at, bucket?.at === at ? bucket : undefined);
    this.#bytes += bucket?.cells.length ?? 0;
  }

  #dropOld(names: ReadonlySet<string>, oldest: number): void {
    this.#bytes = 0;
    for (const [name, known] of this.#known) {
      if (!names.has(name)) this.#known.delete(name);
      for (const [at, bucket] of known) {
        if (at <= oldest) known.delete(at);
        else this.#bytes += bucket?.cells.length ?? 0;
      }
    }
  }

  #forget(): void {
    if (this.#options.now() - this.#askedAtMs < FORGET_MS) return;
    this.#known = new Map();
    this.#bytes = 0;
  }

  #indexKey(at: number): string {
    return `${this.#options.keyPrefix()}{traffic}:gateways:${Math.floor(at / KEPT_BUCKETS)}`;
  }

  #bucketKey(name: string, at: number): string {
    return `${this.#options.keyPrefix()}{traffic}:${name}:${at}`;
  }
}

function nameOf({ gateway, process }: TrafficProcess): string {
  return `${gateway}.${process}`;
}
