import fc from 'fast-check';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exchangeRaw } from '../support/raw.js';
import { createDatabaseFile, tokensIn, type DatabaseFile } from '../support/token-gate.js';
import { until } from '../support/until.js';
import { startExplainedGate, type ExplainedGate } from './explained-gate.js';
import { aimed, configOf, flags, requests, routes } from './random-gateway.js';

/** How many requests are compared at least. A longer run: TOLLGATE_EXPLAIN_REQUESTS=50000. */
const REQUESTS = Number(process.env['TOLLGATE_EXPLAIN_REQUESTS'] ?? 2000);
/** Each configuration gets more than six requests on average. */
const CONFIGURATIONS = Math.ceil(REQUESTS / 6);

let database: DatabaseFile;
let upstream: ReturnType<typeof createServer>;
let gates: Record<'plain' | 'issuing', ExplainedGate>;
let origin: string;

beforeAll(async () => {
  database = await createDatabaseFile();
  upstream = createServer((_req, res) => res.end('ok')).listen(0, '127.0.0.1');
  await until(() => upstream.listening);
  origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const first = {
    upstreams: { behind: origin },
    routes: [{ match: 'GET /', upstream: 'behind', public: true }],
  };
  gates = {
    plain: await startExplainedGate(first),
    issuing: await startExplainedGate({ ...first, tokens: tokensIn(database.database) }),
  };
});

afterAll(async () => {
  await Promise.all(Object.values(gates).map((gate) => gate.stop()));
  upstream.closeAllConnections();
  upstream.close();
  await database.remove();
});

/** How many of the compared requests had each status: the property must not be about few of them. */
const seen = new Map<string, number>();

it(
  'The explanation has the status and the route of the real response, and changes no count',
  async () => {
    await fc.assert(
      fc.asyncProperty(routes, flags, requests, async (table, choices, sent) => {
        const gate = choices.ownsTokens ? gates.issuing : gates.plain;
        const config = configOf(table, choices, origin);
        const isInForce = await gate.reload({
          ...config,
          ...(choices.ownsTokens && { tokens: tokensIn(database.database) }),
        });
        fc.pre(isInForce);
        for (const request of sent) {
          for (let time = 0; time < request.times; time += 1) await compare(gate, aimed(request, table));
        }
      }),
      { numRuns: CONFIGURATIONS },
    );
    expect([...seen.values()].reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(REQUESTS);
    for (const status of ['200', '400', '401', '403', '404', '405', '429', '501', 'respond', '405 of tokens'])
      expect(seen.get(status) ?? 0, status).toBeGreaterThan(0);
  },
  REQUESTS * 120,
);

interface Sent {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly headers: readonly string[];
}

async function compare(gate: ExplainedGate, { method, target, host, headers }: Sent): Promise<void> {
  const request = { method, target, host, headers, peer: '127.0.0.1' };
  const first = await gate.current().explain(request);
  // Where a limit counts, an explanation that was counted would change the next one.
  const again = first.limits ? await gate.current().explain(request) : first;
  const before = gate.records.length;
  let head = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n`;
  for (let at = 0; at < headers.length; at += 2) head += `${headers[at]!}: ${headers[at + 1]!}\r\n`;
  const isNamed = headers.includes('Connection');
  const text = await exchangeRaw(gate.port, `${head}${isNamed ? '' : 'Connection: close\r\n'}\r\n`);
  await until(() => gate.records.length > before);
  const record = gate.records.at(-1)!;
  const { limitStatus } = gate.current().gateway;
  const isRoute = record.route !== undefined && record.route !== limitStatus?.route;
  const real = { status: Number(text.slice(9, 12)), route: isRoute ? record.route.match : null };
  const isServed = first.verdict === 'respond' && record.endpoint !== undefined;
  const isToken = record.endpoint !== undefined;
  const kind = isServed ? 'respond' : `${first.status}${isToken ? ' of tokens' : ''}`;
  seen.set(kind, (seen.get(kind) ?? 0) + 1);
  expect(again).toMatchObject({ status: first.status, route: first.route });
  // The token service has its own errors; that it is the one which responds is what is explained, and its 405.
  if (isServed) expect(real.status).not.toBe(405);
  else expect({ status: first.status, route: first.route }).toEqual(real);
  gate.records.length = 0;
}
