/**
 * The load at a fixed rate: `node paced-process.js ORDER`, which prints the outcome as JSON.
 *
 * Requests are sent when they are due, however slow the answers are, and each is timed from the moment it was due: a
 * stack that stalls cannot hide it by being asked less.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { createFindFault, Faults } from './fault.js';
import type { Order, Outcome } from './load.js';

const {
  url,
  connections,
  seconds,
  rate = 0,
  tokensFile,
  expected,
} = JSON.parse(process.argv[2] ?? '') as Order;
const tokens = readFileSync(tokensFile, 'utf8').split('\n').filter(Boolean);
const headers = tokens.map((token) => ({ authorization: `Bearer ${token}` }));
const findFault = createFindFault(expected, readFileSync(expected.bodyFile, 'utf8'));
const { origin, pathname: path } = new URL(url);
const pool = new Pool(origin, { connections, pipelining: 1 });
const faults = new Faults();
const latenciesMs: number[] = [];
let socketErrors = 0;

async function ask(turn: number, dueAt: number): Promise<void> {
  try {
    const answer = await pool.request({ path, method: 'GET', headers: headers[turn % headers.length] ?? {} });
    const body = await answer.body.text();
    latenciesMs.push(performance.now() - dueAt);
    faults.note(findFault(answer.statusCode, body, (name) => answer.headers[name.toLowerCase()]?.toString()));
  } catch {
    socketErrors += 1;
  }
}

const startedAt = performance.now();
const total = Math.floor(rate * seconds);
const asked: Promise<void>[] = [];
while (asked.length < total) {
  const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * rate));
  while (asked.length < due) asked.push(ask(asked.length, startedAt + (asked.length / rate) * 1000));
  await sleep(1);
}
await Promise.all(asked);
const took = (performance.now() - startedAt) / 1000;
await pool.close();

latenciesMs.sort((one, other) => one - other);
const percentile = (share: number): number => latenciesMs[Math.floor(latenciesMs.length * share)] ?? 0;
const outcome: Outcome = {
  requests: latenciesMs.length,
  seconds: took,
  p50Ms: percentile(0.5),
  p99Ms: percentile(0.99),
  wrong: faults.wrong,
  firstWrong: faults.firstWrong,
  socketErrors,
};
process.stdout.write(JSON.stringify(outcome));
