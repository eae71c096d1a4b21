/**
 * Mixed load, and a fault every few seconds: at the end every request is accounted for, every failure has its
 * fault, no limit was exceeded, and the gateways use no more resources than at the start.
 * `TOLLGATE_SOAK_SECONDS` sets the duration; `TOLLGATE_SOAK_SEED` selects the faults; `TOLLGATE_SOAK_REPORT`
 * is the path of the report.
 */
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createPrng } from '../support/prng.js';
import { createCallers } from './callers.js';
import { inject } from './faults.js';
import type { AtRest } from './gates.js';
import { createLedger } from './ledger.js';
import { createTokens } from './tokens.js';
import { reportOf } from './report.js';
import { startEnvironment, type Environment } from './environment.js';
import { watchStalls } from './stalls.js';
import { at, createTimeline, type Timeline } from './timeline.js';
import { checkResponses } from './verdict/responses.js';
import { checkArrivals, checkCounts } from './verdict/limits.js';
import { checkReloads } from './verdict/reloads.js';
import { checkAtRest } from './verdict/at-rest.js';
import { checkProblems } from './verdict/problems.js';
import { holds } from './verdict/verdict.js';

const SECONDS = Number(process.env['TOLLGATE_SOAK_SECONDS'] ?? 10);
const SEED = Number(process.env['TOLLGATE_SOAK_SEED'] ?? 20_261_122);
const REPORT = process.env['TOLLGATE_SOAK_REPORT'];
/** Of each gateway. */
const PROCESSES = [1, 2];
/** Load without faults, so that the baseline is measured after warm-up. */
const WARM_UP_MS = 4000;
/** Keep-alive connections to the upstream time out. */
const REST_MS = 30_000;

it(
  `${SECONDS} s of load and faults leave nothing unexplained`,
  { timeout: SECONDS * 1000 + 180_000 },
  async () => {
    const now = Date.now;
    const timeline = createTimeline(now);
    const ledger = createLedger(now);
    const stopWatching = watchStalls(timeline, now);
    const prng = createPrng(SEED);
    const environment = await startEnvironment(now, PROCESSES);
    try {
      const { gates, targets, counts } = environment;
      const tokens = createTokens(environment.issuer);
      const ports = gates.map(({ port }) => port);
      const callers = createCallers(ports, ledger, tokens, createPrng(SEED + 1));

      const atFirst = await restOf(environment);
      callers.start();
      await sleep(WARM_UP_MS);
      await callers.stop();
      const before = await restOf(environment, atFirst);

      callers.start();
      await inject({ environment, callers, tokens, timeline, prng }, now() + SECONDS * 1000, now);
      await callers.stop();
      const after = await restOf(environment, before);

      // The last lines of the logs are written within half a second.
      await sleep(1000);
      const logs = await Promise.all(gates.map((gate) => gate.log()));
      const counted = counts.all();
      const arrivals = targets.flatMap((target) => target.arrivals);
      const all = PROCESSES.reduce((sum, each) => sum + each, 0);
      const findings = [
        checkResponses(ledger.attempts, logs, timeline),
        ...checkProblems(ledger.attempts, logs, timeline),
        checkCounts(counted),
        ...checkArrivals(arrivals, counted, timeline, {
          now: all,
          of: (subject) => PROCESSES[Number(subject.replace(/\D/g, ''))] ?? 0,
        }),
        ...checkReloads(logs, timeline),
        ...checkAtRest(
          gates.map((gate) => gate.complaints()),
          before,
          after,
        ),
      ];
      const report = reportOf({
        seconds: SECONDS,
        seed: SEED,
        processes: PROCESSES,
        attempts: ledger.attempts,
        faults: timeline.faults,
        findings,
      });
      if (REPORT !== undefined) await writeFile(REPORT, report);
      const unexplained = findings.filter((finding) => !holds(finding));
      console.log(report);
      if (unexplained.length > 0) console.log(eventLog(timeline));
      expect(unexplained.map(({ claim, against }) => [claim, against.length, against.slice(0, 10)])).toEqual(
        [],
      );
    } finally {
      stopWatching();
      await environment.close();
    }
  },
);

function eventLog({ faults }: Timeline): string {
  return faults
    .map(({ subject, kind, fromMs, toMs }) => `${at(fromMs)} to ${at(toMs)} ${subject} ${kind}`)
    .join('\n');
}

/** Measures all gateways once they are idle: when they have no more sockets than before, or at a timeout. */
async function restOf({ gates }: Environment, like: readonly AtRest[] = []): Promise<AtRest[]> {
  const deadline = Date.now() + REST_MS;
  for (;;) {
    const found = await Promise.all(gates.map((gate) => gate.atRest()));
    const isAtRest = found.every(({ sockets }, i) => sockets <= (like[i]?.sockets ?? Infinity));
    if (isAtRest || Date.now() > deadline) return found;
    await sleep(500);
  }
}
