/**
 * One running upstream: the pools of its targets, and the choice among them. `src/app/` opens it; a reload can reuse
 * it.
 */
import type { Refusal } from '../model/refusal.js';
import type { Upstream } from '../model/upstream.js';
import { startHealthCheck } from './availability/health-check.js';
import { createPick } from './balance.js';
import type { TokenWatcher } from './exchange.js';
import { noTarget } from './failures.js';
import { createRequestHeaders } from './request-headers.js';
import { RetryBudget } from './retry-budget.js';
import { TargetPool, type TargetOptions } from './target-pool.js';

export interface UpstreamOptions extends TargetOptions {
  /** Without it, exchanges outlive the revocation of their callers. */
  readonly streamWatcher?: TokenWatcher;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** A target's state for the metrics. */
export interface TargetState {
  readonly upstream: string;
  /** Its origin. */
  readonly target: string;
  readonly isUp: boolean;
}

export interface UpstreamPools {
  readonly upstream: Upstream;
  readonly budget: RetryBudget;
  /** Its targets, in the order of the file; at least one. */
  readonly all: readonly TargetPool[];
  /** The targets among which `choose` would choose now. Returns a refusal where none is available. */
  candidates(): readonly TargetPool[] | Refusal;
  /** Chooses the target of a new request. Returns a refusal where none is available. */
  choose(): TargetPool | Refusal;
  /**
   * Chooses the target of a retry: an untried one with a free slot, otherwise the last one where `mayRepeat`. Returns
   * undefined where there is none, or the retry budget is used up.
   */
  chooseForRetry(tried: readonly TargetPool[], mayRepeat: boolean): TargetPool | undefined;
  /** Whether one of its targets has less than half of its slots free. */
  readonly isScarce: boolean;
  states(): readonly TargetState[];
  /** Ends the checks, waits for the exchanges in flight, then closes all connections. */
  close(): Promise<void>;
}

/** Opens an upstream and starts its health checks. Connections are opened at the first request. */
export function openUpstream(upstream: Upstream, options: UpstreamOptions): UpstreamPools {
  const headersFor = createRequestHeaders(upstream, options.log);
  const pools = upstream.targets.map((target) => new TargetPool(upstream, target, headersFor, options));
  const only = pools.length === 1 ? pools[0] : undefined;
  const pick = createPick<TargetPool>(upstream.balance);
  // A separate rotation: otherwise a target that replaces a failing one would lose its own share.
  const pickForRetry = createPick<TargetPool>(upstream.balance);
  const budget = new RetryBudget(upstream.maxConnections);
  const stopChecks = startChecks(upstream, pools, options.random);
  const stopWatching = watchRevocations(pools, options.streamWatcher);

  function choose(): TargetPool | Refusal {
    if (only !== undefined) return only.availability.admits ? only : refusal();
    return pick(preferredPools()) ?? refusal();
  }

  function candidates(): readonly TargetPool[] | Refusal {
    const preferred = preferredPools();
    return preferred.length > 0 ? preferred : refusal();
  }

  function preferredPools(): readonly TargetPool[] {
    const admitting = pools.filter(admits);
    // Never empty: where all targets are ejected, each is tried, and the first that works is back.
    const preferred = admitting.some(isNotEjected) ? admitting.filter(isNotEjected) : admitting;
    const free = preferred.filter(hasFreeSlot);
    return free.length > 0 ? free : preferred;
  }

  function chooseForRetry(tried: readonly TargetPool[], mayRepeat: boolean): TargetPool | undefined {
    const untried = pools.filter((pool) => !tried.includes(pool) && admits(pool) && hasFreeSlot(pool));
    const last = mayRepeat ? tried.at(-1) : undefined;
    const repeatable = last !== undefined && admits(last) ? last : undefined;
    const notEjected = untried.filter(isNotEjected);
    const chosen =
      pickForRetry(notEjected) ??
      (repeatable !== undefined && isNotEjected(repeatable)
        ? repeatable
        : (pickForRetry(untried) ?? repeatable));
    return chosen !== undefined && budget.withdraw() ? chosen : undefined;
  }

  function refusal(): Refusal {
    return noTarget(Math.min(...pools.map(({ availability }) => availability.waitMs())));
  }

  return {
    upstream,
    budget,
    all: pools,
    candidates,
    choose,
    chooseForRetry,
    get isScarce() {
      return pools.some(({ slots }) => slots.isScarce);
    },
    states: () =>
      pools.map(({ target, availability }) => ({
        upstream: upstream.name,
        target: target.origin,
        isUp: availability.isUp,
      })),
    async close() {
      stopChecks();
      await Promise.all(pools.map((pool) => pool.close()));
      stopWatching?.();
    },
  };
}

function startChecks(upstream: Upstream, pools: readonly TargetPool[], random: () => number): () => void {
  const { health } = upstream;
  if (health === undefined) return () => undefined;
  const stops = pools.map(({ target, availability }) =>
    startHealthCheck(upstream, target, health, random, (problem) => availability.check(problem)),
  );
  return () => stops.forEach((stop) => stop());
}

function watchRevocations(
  pools: readonly TargetPool[],
  streamWatcher: TokenWatcher | undefined,
): (() => void) | undefined {
  return streamWatcher?.onRevocation(() => {
    for (const pool of pools) pool.endRevoked((principal) => streamWatcher.isRevoked(principal));
  });
}

const admits = ({ availability }: TargetPool): boolean => availability.admits;
const isNotEjected = ({ availability }: TargetPool): boolean => !availability.isEjected;
const hasFreeSlot = ({ slots }: TargetPool): boolean => slots.hasFreeSlot;
