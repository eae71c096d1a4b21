/**
 * The load: a closed loop of connections that checks every response, by wrk if it is installed, else by
 * autocannon.
 */
import { findCommand } from '../environment/command.js';
import { createNodeLoad } from './node-load.js';
import { createWrk } from './wrk.js';

export interface Order {
  /** The whole URL. */
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second over all connections; undefined: as many as possible. */
  readonly rate: number | undefined;
  /** File with the body of each request, which is then a POST; undefined: each is a GET. */
  readonly uploadFile: string | undefined;
  /** One token a line; requests take them in turn. An empty file: requests have none. */
  readonly tokensFile: string;
  readonly expected: {
    readonly status: number;
    /** File with the exact response body. */
    readonly bodyFile: string;
    /** Expected X-RateLimit-Limit; undefined: the response has no limit headers. */
    readonly limit: number | undefined;
  };
}

export interface Outcome {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The number of wrong responses, and a description of the first. */
  readonly wrong: number;
  readonly firstWrong: string;
  /** Connections refused, broken or timed out. */
  readonly socketErrors: number;
}

export interface Load {
  readonly kind: 'wrk' | 'autocannon' | 'paced';
  run(order: Order): Promise<Outcome>;
}

/** Time beyond the ordered seconds, for its start and its end. */
export const GRACE_MS = 15_000;

export function chooseLoad(): Load {
  const wrk = findCommand('wrk');
  return wrk === undefined ? createNodeLoad('autocannon') : createWrk(wrk);
}

/** The load for an order that has a rate. */
export function pacedLoad(): Load {
  return createNodeLoad('paced');
}
