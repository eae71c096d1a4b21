/**
 * The load at a fixed rate: `node paced-process.js ORDER`, which prints the outcome as JSON.
 *
 * Requests are sent when they are due, however slow the responses are, and each is timed from then: a stack
 * that stalls cannot hide it by getting fewer requests.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFindFault, Faults } from './fault.js';
import type { Order, Outcome } from './load.js';
import { PacedConnection, type ConnectionEvents } from './paced-connection.js';

const {
  url,
  connections,
  seconds,
  rate = 0,
  tokensFile,
  expected,
} = JSON.parse(process.argv[2] ?? '') as Order;
/** Warm-up of the load itself, until V8 has compiled it: requests are sent and checked, but not timed. */
const UNTIMED_MS = 1000;

const place = new URL(url);
const tokens = readFileSync(tokensFile, 'utf8').split('\n').filter(Boolean);
const requests = tokens.map(
  (token) =>
    `GET ${place.pathname} HTTP/1.1\r\nHost: ${place.host}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
);
const findFault = createFindFault(expected, readFileSync(expected.bodyFile, 'utf8'));
const faults = new Faults();
const latenciesMs: number[] = [];
let sent = 0;
let answered = 0;
let socketErrors = 0;

const startedAt = performance.now();
const free: PacedConnection[] = [];
/** The due times of requests that no connection was free for. */
const waiting: number[] = [];

function send(connection: PacedConnection, dueAt: number): void {
  connection.ask(requests[sent % requests.length] ?? '', dueAt);
  sent += 1;
}

const events: ConnectionEvents = {
  onResponse(connection, { status, body, header }, dueAt) {
    answered += 1;
    if (dueAt - startedAt >= UNTIMED_MS) latenciesMs.push(performance.now() - dueAt);
    faults.note(findFault(status, body, header));
    const next = waiting.shift();
    if (next === undefined) free.push(connection);
    else send(connection, next);
  },
  onLost: () => (socketErrors += 1),
};

const all = Array.from({ length: connections }, () => new PacedConnection(place, events));
free.push(...all);
const total = Math.floor(rate * (seconds + UNTIMED_MS / 1000));
let due = 0;
while (answered < total && socketErrors === 0) {
  const now = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * rate));
  for (; due < now; due++) {
    const dueAt = startedAt + (due / rate) * 1000;
    const connection = free.pop();
    if (connection) send(connection, dueAt);
    else waiting.push(dueAt);
  }
  await sleep(1);
}
const took = (performance.now() - startedAt) / 1000;
for (const connection of all) connection.end();

latenciesMs.sort((one, other) => one - other);
const percentile = (share: number): number => latenciesMs[Math.floor(latenciesMs.length * share)] ?? 0;
const outcome: Outcome = {
  requests: answered,
  seconds: took,
  p50Ms: percentile(0.5),
  p99Ms: percentile(0.99),
  wrong: faults.wrong,
  firstWrong: faults.firstWrong,
  socketErrors,
};
process.stdout.write(JSON.stringify(outcome));
