/** The load where wrk is not installed: `node autocannon-process.js ORDER`, which prints the outcome as JSON. */
import { readFileSync } from 'node:fs';
import autocannon, { type AnswerHeaders, type Client } from 'autocannon';
import type { Order, Outcome } from './load.js';

const { url, connections, seconds, tokensFile, expected } = JSON.parse(process.argv[2] ?? '') as Order;
const tokens = readFileSync(tokensFile, 'utf8').split('\n').filter(Boolean);
const dueBody = readFileSync(expected.bodyFile, 'utf8');
let wrong = 0;
let firstWrong = '';

function look(status: number, body: string, _context: object, headers: AnswerHeaders): void {
  const found = fault(status, body, headers);
  if (found === undefined) return;
  wrong++;
  firstWrong ||= found;
}

function fault(status: number, body: string, headers: AnswerHeaders): string | undefined {
  if (status !== expected.status) return `status ${status}: ${body}`;
  if (body !== dueBody) return `a body of ${body.length} bytes: ${body}`;
  const { limit } = expected;
  const told = headers['X-RateLimit-Limit'];
  if (told !== (limit === undefined ? undefined : String(limit))) return `X-RateLimit-Limit: ${told ?? ''}`;
  if (limit === undefined) return undefined;
  const remaining = Number(headers['X-RateLimit-Remaining'] ?? NaN);
  if (!(remaining >= 0 && remaining < limit)) return `X-RateLimit-Remaining: ${remaining}`;
  const reset = Number(headers['X-RateLimit-Reset'] ?? NaN);
  return Number.isFinite(reset) ? undefined : `X-RateLimit-Reset: ${reset}`;
}

let clients = 0;

/** A share of the tokens for each connection: autocannon builds every request of every connection beforehand. */
function giveTokens(client: Client): void {
  const own = tokens.filter((_, i) => i % connections === clients % tokens.length);
  clients++;
  client.setRequests(
    own.map((token) => ({ headers: { authorization: `Bearer ${token}` }, onResponse: look })),
  );
}

const result = await autocannon({ url, connections, duration: seconds, setupClient: giveTokens });
const outcome: Outcome = {
  requests: result.requests.total,
  seconds: result.duration,
  p50Ms: result.latency.p50,
  p99Ms: result.latency.p99,
  wrong,
  firstWrong,
  socketErrors: result.errors,
};
process.stdout.write(JSON.stringify(outcome));
