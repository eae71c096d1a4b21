/** The load if wrk is not installed: `node autocannon-process.js ORDER`, which prints the outcome as JSON. */
import { readFileSync } from 'node:fs';
import autocannon, { type ResponseHeaders, type Client } from 'autocannon';
import { createFindFault, Faults } from './fault.js';
import type { Order, Outcome } from './load.js';

const order = JSON.parse(process.argv[2] ?? '') as Order;
const { url, connections, seconds, uploadFile, tokensFile, expected } = order;
const upload = uploadFile === undefined ? undefined : readFileSync(uploadFile);
const tokens = readFileSync(tokensFile, 'utf8').split('\n').filter(Boolean);
const findFault = createFindFault(expected, readFileSync(expected.bodyFile, 'utf8'));
const faults = new Faults();

function look(status: number, body: string, _context: object, headers: ResponseHeaders): void {
  faults.note(findFault(status, body, (name) => headers[name] ?? headers[name.toLowerCase()]));
}

let clients = 0;

/** A share of the tokens for each connection: autocannon builds every request of every connection beforehand. */
function giveTokens(client: Client): void {
  const asked = { ...(upload && { method: 'POST', body: upload }), onResponse: look };
  const own = tokens.filter((_, i) => i % connections === clients % tokens.length);
  clients++;
  client.setRequests(
    tokens.length === 0
      ? [asked]
      : own.map((token) => ({ ...asked, headers: { authorization: `Bearer ${token}` } })),
  );
}

const result = await autocannon({ url, connections, duration: seconds, setupClient: giveTokens });
const outcome: Outcome = {
  requests: result.requests.total,
  seconds: result.duration,
  p50Ms: result.latency.p50,
  p99Ms: result.latency.p99,
  wrong: faults.wrong,
  firstWrong: faults.firstWrong,
  socketErrors: result.errors,
};
process.stdout.write(JSON.stringify(outcome));
