/** Who counts as one caller where callers share what is scarce. */
import { networkOf } from '../model/network.js';
import type { Exchange } from './exchange.js';

/** What has to be known of an exchange. */
export type CallersExchange = Pick<Exchange, 'admission' | 'head'>;

/** Asked only while something is scarce, so most exchanges are never in it. */
const known = new WeakMap<CallersExchange, string>();

/** The app of an authenticated caller, else the client's network: nothing that one caller can have many of. */
export function callerOf(exchange: CallersExchange): string {
  let caller = known.get(exchange);
  if (caller === undefined) known.set(exchange, (caller = name(exchange)));
  return caller;
}

function name({ admission: { principal }, head }: CallersExchange): string {
  return principal.issuer === ''
    ? `network ${networkOf(head.clientIp)}`
    : `app ${principal.issuer} ${principal.app}`;
}
