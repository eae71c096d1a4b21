/** Exchanges for the tests of traffic. */
import { ANONYMOUS, type Principal } from '../../src/model/principal.js';
import type { ExchangeRecord } from '../../src/model/record.js';
import { Refusal, type RefusalReason } from '../../src/model/refusal.js';
import type { Route } from '../../src/model/route.js';
import { routeOf } from '../model/route-of.js';

export interface Exchange {
  /** A label; `none` for a request without a route. */
  readonly route: string;
  /** Undefined: a caller without a token. */
  readonly app: readonly [issuer: string, id: string] | undefined;
  readonly status: number;
  readonly reason?: string | undefined;
  readonly shadow?: RefusalReason | undefined;
  readonly durationMs: number;
}

const routes = new Map<string, Route>();

/** Makes the record of an exchange. */
export function exchangeRecord({ route, app, status, reason, shadow, durationMs }: Exchange): ExchangeRecord {
  let known = routes.get(route);
  if (!known) routes.set(route, (known = routeOf(route === 'none' ? 'GET /none' : route)));
  return {
    head: { id: 'id', clientRequestId: undefined, clientIp: '192.0.2.1', method: 'GET' },
    route: route === 'none' ? undefined : known,
    endpoint: undefined,
    principal: app && principalOf(...app),
    status,
    reason,
    detail: undefined,
    shadow: shadow && new Refusal(shadow),
    target: undefined,
    durationMs,
    upstreamMs: undefined,
  };
}

function principalOf(issuer: string, app: string): Principal {
  return Object.freeze({ ...ANONYMOUS, issuer, app });
}
