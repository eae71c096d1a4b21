/** Identifies the caller of an exchange, for the shares of a target's slots (`concurrency-limiter.ts`). */
import { networkOf } from '../model/network.js';
import type { Exchange } from './exchange.js';

/** The part of an exchange that identifies its caller. */
export type CallersExchange = Pick<Exchange, 'admission' | 'head'>;

/** Filled only while slots are scarce, so most exchanges are not in it. */
const cache = new WeakMap<CallersExchange, string>();

/**
 * Returns the app of an authenticated caller, otherwise the client's network. One caller cannot have many of either.
 */
export function callerOf(exchange: CallersExchange): string {
  let caller = cache.get(exchange);
  if (caller === undefined) cache.set(exchange, (caller = identify(exchange)));
  return caller;
}

function identify({ admission: { principal }, head }: CallersExchange): string {
  return principal.issuer === ''
    ? `network ${networkOf(head.clientIp)}`
    : `app ${principal.issuer} ${principal.app}`;
}
