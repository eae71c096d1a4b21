/**
 * Load of every sort, and a fault every few seconds: at the end every request is accounted for, every failure has its
 * fault, no limit was exceeded, and the gates are where they began.
 *
 * `TOLLGATE_SOAK_SECONDS` says for how long; `TOLLGATE_SOAK_SEED` which faults; `TOLLGATE_SOAK_REPORT` where the page goes.
 */
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createDice } from '../support/dice.js';
import { createCallers } from './callers.js';
import { strike } from './faults.js';
import type { AtRest } from './gates.js';
import { createLedger } from './ledger.js';
import { createTokens } from './passes.js';
import { reportOf } from './report.js';
import { startScenery, type Scenery } from './scenery.js';
import { watchStalls } from './stalls.js';
import { at, createTimeline, type Timeline } from './timeline.js';
import { judgeAnswers } from './verdict/answers.js';
import { judgeArrivals, judgeCounts } from './verdict/limits.js';
import { judgeReloads } from './verdict/reloads.js';
import { judgeRest } from './verdict/rest.js';
import { judgeTroubles } from './verdict/troubles.js';
import { holds } from './verdict/verdict.js';

const SECONDS = Number(process.env['TOLLGATE_SOAK_SECONDS'] ?? 10);
const SEED = Number(process.env['TOLLGATE_SOAK_SEED'] ?? 20_261_122);
const REPORT = process.env['TOLLGATE_SOAK_REPORT'];
/** Of each gate. */
const PROCESSES = [1, 2];
/** Load without faults, so that what is measured before them has been in use. */
const WARM_UP_MS = 4000;
/** Kept-alive connections to the upstream end by themselves. */
const REST_MS = 30_000;

it(
  `${SECONDS} s of load and faults leave nothing unexplained`,
  { timeout: SECONDS * 1000 + 180_000 },
  async () => {
    const now = Date.now;
    const timeline = createTimeline(now);
    const ledger = createLedger(now);
    const stopWatching = watchStalls(timeline, now);
    const dice = createDice(SEED);
    const scenery = await startScenery(now, PROCESSES);
    try {
      const { gates, targets, counts } = scenery;
      const tokens = createTokens(scenery.issuer);
      const ports = gates.map(({ port }) => port);
      const callers = createCallers(ports, ledger, tokens, createDice(SEED + 1));

      const atFirst = await restOf(scenery);
      callers.start();
      await sleep(WARM_UP_MS);
      await callers.stop();
      const before = await restOf(scenery, atFirst);

      callers.start();
      await strike({ scenery, callers, tokens, timeline, dice }, now() + SECONDS * 1000, now);
      await callers.stop();
      const after = await restOf(scenery, before);

      // The last lines of the logs are written within half a second.
      await sleep(1000);
      const logs = await Promise.all(gates.map((gate) => gate.log()));
      const counted = counts.all();
      const arrivals = targets.flatMap((target) => target.arrivals);
      const all = PROCESSES.reduce((sum, each) => sum + each, 0);
      const findings = [
        judgeAnswers(ledger.attempts, logs, timeline),
        ...judgeTroubles(ledger.attempts, logs, timeline),
        judgeCounts(counted),
        ...judgeArrivals(arrivals, counted, timeline, {
          now: all,
          of: (subject) => PROCESSES[Number(subject.replace(/\D/g, ''))] ?? 0,
        }),
        ...judgeReloads(logs, timeline),
        ...judgeRest(
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
      if (unexplained.length > 0) console.log(chronicle(timeline));
      expect(unexplained.map(({ claim, against }) => [claim, against.length, against.slice(0, 10)])).toEqual(
        [],
      );
    } finally {
      stopWatching();
      await scenery.close();
    }
  },
);

function chronicle({ faults }: Timeline): string {
  return faults
    .map(({ subject, kind, fromMs, toMs }) => `${at(fromMs)} to ${at(toMs)} ${subject} ${kind}`)
    .join('\n');
}

/** Measures all gates once they are at rest: with no more sockets than they had, or when patience ends. */
async function restOf({ gates }: Scenery, like: readonly AtRest[] = []): Promise<AtRest[]> {
  const deadline = Date.now() + REST_MS;
  for (;;) {
    const found = await Promise.all(gates.map((gate) => gate.atRest()));
    const isAtRest = found.every(({ sockets }, i) => sockets <= (like[i]?.sockets ?? Infinity));
    if (isAtRest || Date.now() > deadline) return found;
    await sleep(500);
  }
}
