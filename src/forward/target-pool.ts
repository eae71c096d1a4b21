/**
 * One target: its undici pool, opened at the first request, its slots and its availability; for `upstream-pools.ts`.
 */
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

/** The largest header of a response, in bytes. */
const MAX_RESPONSE_HEADER = 32 * 1024;
/** How many exchanges may wait per slot. */
const QUEUE_FACTOR = 4;

/** A request for undici. It accepts `servername` and a `reset` of null, although its types do not. */
export type UpstreamRequest = Omit<Dispatcher.DispatchOptions, 'reset'> & {
  readonly servername: string;
  readonly reset: boolean | null;
};

export interface TargetOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  /** The default is the system's resolver. */
  readonly lookup?: Lookup;
}

/** The connections and the state of one target. A reload without a change keeps it. */
export class TargetPool implements Candidate {
  readonly availability: Availability;
  readonly failures: FailureLog;
  readonly slots: ConcurrencyLimiter;
  /** For WebSockets and event streams, which hold no request slots. */
  readonly tunnels: ConcurrencyLimiter;
  readonly buildHeaders: BuildRequestHeaders;
  readonly #connect: ReturnType<typeof createConnector>;
  /** Constant: otherwise undici would take it from the Host field and reconnect whenever that changes. */
  readonly servername: string;
  /** Undefined where the target's host is an address. */
  readonly #addresses: Addresses | undefined;
  #pool: Pool | undefined;
  /** Dispatched exchanges without a connection. */
  #awaitingConnection = 0;

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
      isConnectionNeeded: () => this.#awaitingConnection > 0,
      lookup: this.#addresses?.lookup,
    });
  }

  #openAddresses({ log, lookup = systemLookup }: TargetOptions): Addresses | undefined {
    const { upstream, target } = this;
    const host = hostOf(target);
    if (isIP(host) !== 0) return undefined;
    const fields = { upstream: upstream.name, target: target.origin };
    return new Addresses(host, upstream.resolveEveryMs, lookup, {
      onAddressGone: () => this.#retire(),
      onLookupFailed: (code) =>
        log.warn({ ...fields, code }, 'a name cannot be resolved; its last addresses stay in use'),
    });
  }

  get load(): number {
    return this.slots.load + this.tunnels.load;
  }

  weight(): number {
    return this.availability.weight();
  }

  dispatch(request: UpstreamRequest, handler: Dispatcher.DispatchHandler): void {
    this.#pool ??= new Pool(this.target.origin, {
      // An event stream occupies its connection.
      connections: this.upstream.maxConnections + this.upstream.maxTunnels,
      pipelining: 1,
      connect: this.#connect,
      keepAliveTimeout: this.upstream.keepAliveMs,
      // A target's Keep-Alive field can only shorten it.
      keepAliveMaxTimeout: this.upstream.keepAliveMs,
      maxHeaderSize: MAX_RESPONSE_HEADER,
      // The exchange has its own timers. undici's are coarse and charge the client's pauses to the upstream.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#addresses?.markUsed();
    this.#awaitingConnection += 1;
    this.#pool.dispatch(request as Dispatcher.DispatchOptions, handler);
  }

  /** Ends all exchanges whose caller was revoked. */
  endRevoked(isRevoked: (principal: Principal) => boolean): void {
    for (const each of [...this.slots.holdersAndWaiters(), ...this.tunnels.holdersAndWaiters()]) {
      if (isRevoked(each.exchange.admission.principal)) each.onTokenEnded();
    }
  }

  /** An exchange got its connection or no longer needs one. */
  stopAwaitingConnection(): void {
    this.#awaitingConnection -= 1;
  }

  /**
   * Retires the current connections: one may lead to an address that the target's name no longer has. Exchanges in
   * flight finish on them and hold their slots until then.
   */
  #retire(): void {
    const pool = this.#pool;
    this.#pool = undefined;
    void pool?.close();
  }

  /**
   * Resolves when the last exchange is over and its connections are closed. A request that was admitted just before a
   * reload may arrive later. It is served by a new pool, which is closed after it.
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
