/** The connections to one target: a pool of undici, opened when it is first needed, with its slots. */
import { isIP } from 'node:net';
import { Pool, type Dispatcher } from 'undici';
import type { Log } from '../model/log.js';
import type { Principal } from '../model/principal.js';
import type { Target, Upstream } from '../model/upstream.js';
import { Availability } from './availability/availability.js';
import type { Candidate } from './balance.js';
import { createConnector, hostOf } from './connect.js';
import { FailureLog } from './failure-log.js';
import type { BuildRequestHeaders } from './request-headers.js';
import { Addresses, systemLookup, type Lookup } from './resolve.js';
import { ConcurrencyLimiter } from './concurrency-limiter.js';

/** The whole header of an answer, in bytes. */
const MAX_ANSWER_HEADER = 32 * 1024;
/** How many may wait for each one that is served. */
const QUEUE_FACTOR = 4;

/** What undici is asked for; `servername` it knows, and `reset` as null where nothing is said, though its types do not. */
export type UpstreamRequest = Omit<Dispatcher.DispatchOptions, 'reset'> & {
  readonly servername: string;
  readonly reset: boolean | null;
};

export interface TargetOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  /** Left out: the system's resolver. */
  readonly lookup?: Lookup;
}

export class TargetPool implements Candidate {
  readonly availability: Availability;
  readonly failures: FailureLog;
  readonly slots: ConcurrencyLimiter;
  /** Of WebSockets and event streams, which hold none of the slots for requests. */
  readonly tunnels: ConcurrencyLimiter;
  readonly buildHeaders: BuildRequestHeaders;
  readonly #connect: ReturnType<typeof createConnector>;
  /** Fixed, since undici would else take it from the Host field and reconnect whenever that changes. */
  readonly servername: string;
  /** Undefined where the target's host is an address already. */
  readonly #addresses: Addresses | undefined;
  #pool: Pool | undefined;
  /** Exchanges that undici has, but no connection yet. */
  #wanted = 0;

  constructor(
    readonly upstream: Upstream,
    readonly target: Target,
    headersFor: (target: Target) => BuildRequestHeaders,
    options: TargetOptions,
  ) {
    this.availability = new Availability(upstream, target, options.now, options.log);
    this.failures = new FailureLog(upstream, target, options.now, options.log);
    this.slots = new ConcurrencyLimiter(upstream.maxConnections, upstream.maxConnections * QUEUE_FACTOR);
    this.tunnels = new ConcurrencyLimiter(upstream.maxTunnels, 0);
    this.buildHeaders = headersFor(target);
    this.servername = new URL(target.origin).hostname;
    this.#addresses = this.#openAddresses(options);
    this.#connect = createConnector(upstream, target, {
      isWanted: () => this.#wanted > 0,
      lookup: this.#addresses?.lookup,
    });
  }

  #openAddresses({ log, lookup = systemLookup }: TargetOptions): Addresses | undefined {
    const { upstream, target } = this;
    const host = hostOf(target);
    if (isIP(host) !== 0) return undefined;
    const about = { upstream: upstream.name, target: target.origin };
    return new Addresses(host, upstream.resolveEveryMs, lookup, {
      onAddressGone: () => this.#retire(),
      onLookupFailed: (code) => log.warn({ ...about, code }, 'a name is not found; its last addresses stay'),
    });
  }

  get load(): number {
    return this.slots.load + this.tunnels.load;
  }

  weight(): number {
    return this.availability.share();
  }

  dispatch(request: UpstreamRequest, handler: Dispatcher.DispatchHandler): void {
    this.#pool ??= new Pool(this.target.origin, {
      // An event stream keeps its connection, which a request cannot use.
      connections: this.upstream.maxConnections + this.upstream.maxTunnels,
      pipelining: 1,
      connect: this.#connect,
      keepAliveTimeout: this.upstream.keepAliveMs,
      // A target's own Keep-Alive field can only make it shorter.
      keepAliveMaxTimeout: this.upstream.keepAliveMs,
      maxHeaderSize: MAX_ANSWER_HEADER,
      // The exchange has its own timers: undici's are coarse, and count a client's pauses as the upstream's.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#addresses?.use();
    this.#wanted += 1;
    this.#pool.dispatch(request as Dispatcher.DispatchOptions, handler);
  }

  /** Ends all exchanges whose caller may no longer pass. */
  endRevoked(isRevoked: (principal: Principal) => boolean): void {
    for (const one of [...this.slots.everyone(), ...this.tunnels.everyone()]) {
      if (isRevoked(one.exchange.admission.principal)) one.onTokenEnded();
    }
  }

  /** An exchange has its connection, or will not have one. */
  unwant(): void {
    this.#wanted -= 1;
  }

  /**
   * No request goes over the connections of now any more: one may lead to an address that the target's name no longer
   * stands for. Those that are under way come to their end, and each holds its slot until then.
   */
  #retire(): void {
    const pool = this.#pool;
    this.#pool = undefined;
    void pool?.close();
  }

  /**
   * Resolves when the last exchange is over. A request that was admitted just before a reload may still come after:
   * it is served, by a pool that is closed again behind it.
   */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const closeIdle = (): void => {
        if (this.load > 0) return;
        const pool = this.#pool;
        this.#pool = undefined;
        this.#addresses?.close();
        if (pool === undefined) resolve();
        else void pool.close().then(resolve);
      };
      this.slots.whenIdle(closeIdle);
      this.tunnels.whenIdle(closeIdle);
    });
  }
}
