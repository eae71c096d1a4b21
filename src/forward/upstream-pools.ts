/** One upstream as it runs: the pools of its targets and what is known of them. A reload that leaves it as it is keeps it. */
import type { Refusal } from '../model/refusal.js';
import type { Upstream } from '../model/upstream.js';
import { startHealthCheck } from './availability/health-check.js';
import { createPick } from './balance.js';
import type { StreamWatcher } from './exchange.js';
import { noTarget } from './failures.js';
import { createRequestHeaders } from './request-headers.js';
import { RetryBudget } from './retry-budget.js';
import { TargetPool, type TargetOptions } from './target-pool.js';

export interface UpstreamOptions extends TargetOptions {
  /** Left out: exchanges outlive the revocation of their callers. */
  readonly streamWatcher?: StreamWatcher;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** What the metrics are told of a target. */
export interface TargetState {
  readonly upstream: string;
  /** Its origin. */
  readonly target: string;
  readonly up: boolean;
}

export interface UpstreamPools {
  readonly upstream: Upstream;
  readonly budget: RetryBudget;
  /** The target that gets a new request, or why none does. */
  choose(): TargetPool | Refusal;
  /**
   * The target that gets a request again: one that did not have it, with a slot free, else the one that had it last
   * where it may. Undefined where there is none, or where too many were sent again of late.
   */
  chooseForRetry(tried: readonly TargetPool[], mayRepeat: boolean): TargetPool | undefined;
  /** Whether one of its targets has less than half of its slots free. */
  readonly isScarce: boolean;
  states(): readonly TargetState[];
  /** Ends the checks, waits for the exchanges that are under way, then closes all connections. */
  close(): Promise<void>;
}

export function openUpstream(upstream: Upstream, options: UpstreamOptions): UpstreamPools {
  const headersFor = createRequestHeaders(upstream, options.log);
  const pools = upstream.targets.map((target) => new TargetPool(upstream, target, headersFor, options));
  const only = pools.length === 1 ? pools[0] : undefined;
  const pick = createPick<TargetPool>(upstream.balance);
  // Turns of their own: else whoever stands in for a failing target would miss its own turn for it.
  const pickAgain = createPick<TargetPool>(upstream.balance);
  const budget = new RetryBudget(upstream.maxConnections);
  const stopChecks = startChecks(upstream, pools, options.random);
  const stopWatching = watchRevocations(pools, options.streamWatcher);

  function choose(): TargetPool | Refusal {
    if (only !== undefined) return only.availability.admits ? only : refusal();
    const admitting = pools.filter(admits);
    // Never all out: where every one of them fails, each is tried in turn, and the first that answers is back.
    const standing = admitting.some(isNotEjected) ? admitting.filter(isNotEjected) : admitting;
    const free = standing.filter(hasRoom);
    return pick(free.length > 0 ? free : standing) ?? refusal();
  }

  function chooseAgain(tried: readonly TargetPool[], mayRepeat: boolean): TargetPool | undefined {
    const untried = pools.filter((pool) => !tried.includes(pool) && admits(pool) && hasRoom(pool));
    const last = mayRepeat ? tried.at(-1) : undefined;
    const again = last !== undefined && admits(last) ? last : undefined;
    const inFavour = untried.filter(isNotEjected);
    const chosen =
      pickAgain(inFavour) ??
      (again !== undefined && isNotEjected(again) ? again : (pickAgain(untried) ?? again));
    return chosen !== undefined && budget.withdraw() ? chosen : undefined;
  }

  function refusal(): Refusal {
    return noTarget(Math.min(...pools.map(({ availability }) => availability.waitMs())));
  }

  return {
    upstream,
    budget,
    choose,
    chooseForRetry: chooseAgain,
    get isScarce() {
      return pools.some(({ slots }) => slots.isScarce);
    },
    states: () =>
      pools.map(({ target, availability }) => ({
        upstream: upstream.name,
        target: target.origin,
        up: availability.up,
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
  streamWatcher: StreamWatcher | undefined,
): (() => void) | undefined {
  return streamWatcher?.onRevocation(() => {
    for (const pool of pools) pool.endRevoked((principal) => streamWatcher.isRevoked(principal));
  });
}

const admits = ({ availability }: TargetPool): boolean => availability.admits;
const isNotEjected = ({ availability }: TargetPool): boolean => !availability.isEjected;
const hasRoom = ({ slots }: TargetPool): boolean => slots.hasRoom;
