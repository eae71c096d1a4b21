/** Records of exchanges for the tests of metrics: a GET with 200, unless stated otherwise. */
import type { ExchangeRecord } from '../../src/model/record.js';

/** Makes the record of an exchange without a route. */
export function recordOf({
  method = 'GET',
  ...record
}: Partial<ExchangeRecord> & { method?: string }): ExchangeRecord {
  return {
    head: { id: 'id', clientRequestId: undefined, clientIp: '192.0.2.1', method },
    route: undefined,
    endpoint: undefined,
    principal: undefined,
    status: 200,
    reason: undefined,
    detail: undefined,
    shadow: undefined,
    target: undefined,
    durationMs: 3,
    upstreamMs: undefined,
    ...record,
  };
}
