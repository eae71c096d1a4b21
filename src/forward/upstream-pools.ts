/** One upstream as it runs: the pools of its targets and what is known of them. A reload that leaves it as it is keeps it. */
import type { Upstream } from '../model/upstream.js';
import { createRequestHeaders } from './request-headers.js';
import { TargetPool, type TargetOptions } from './target-pool.js';

export interface UpstreamOptions extends TargetOptions {
  /** Monotonic milliseconds. */
  now(): number;
  /** From 0 to below 1. */
  random(): number;
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
  /** The target that gets the next request. */
  choose(): TargetPool;
  states(): readonly TargetState[];
  /** Waits for the exchanges that are under way, then closes all connections. */
  close(): Promise<void>;
}

export function openUpstream(upstream: Upstream, options: UpstreamOptions): UpstreamPools {
  const headersFor = createRequestHeaders(upstream, options.log);
  const [first, ...rest] = upstream.targets.map(
    (target) => new TargetPool(upstream, target, headersFor, options),
  );
  if (first === undefined) throw new Error(`the upstream ${upstream.name} has no target`);
  const pools = [first, ...rest];

  return {
    upstream,
    choose: () => first,
    states: () => pools.map(({ target }) => ({ upstream: upstream.name, target: target.origin, up: true })),
    async close() {
      await Promise.all(pools.map((pool) => pool.close()));
    },
  };
}
