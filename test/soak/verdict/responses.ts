/** Every request gets a response: compares the callers' records with the access logs, request by request. */
import type { LogLine } from '../gates.js';
import { groupBy } from '../group.js';
import type { Attempt } from '../ledger.js';
import { at, isDeadly, type Timeline } from '../timeline.js';
import type { Finding } from './verdict.js';

/** Lines are buffered this long, and are lost with a killed gateway. */
const UNWRITTEN_MS = 1500;
/** Workers run for a moment after their primary is killed. */
const OUTLIVED_MS = 500;

/** @param logs of each gateway */
export function checkResponses(
  attempts: readonly Attempt[],
  logs: readonly (readonly LogLine[])[],
  timeline: Timeline,
): Finding {
  const lines = logs.map(byClientId);
  const against: string[] = [];
  let lost = 0;

  for (const attempt of attempts) {
    const told = lines[attempt.gate]?.get(attempt.id) ?? [];
    if (told.length > 1) against.push(`${name(attempt)} is in the log ${told.length} times`);
    if (attempt.outcome === undefined || attempt.outcome === 'hung') against.push(`${name(attempt)} hung`);
    const [line] = told;
    if (line && attempt.status !== undefined && attempt.status !== line.status) {
      against.push(`${name(attempt)} is ${line.status} in the log`);
    }
    if (!line && attempt.outcome === 'answered') {
      lost += 1;
      if (!isLineLost(attempt, timeline)) against.push(`${name(attempt)} is not in the log`);
    }
  }

  const known = new Set(attempts.map(({ id }) => id));
  for (const [gate, lineOf] of lines.entries()) {
    for (const id of lineOf.keys()) {
      if (!known.has(id)) against.push(`gateway ${gate} answered "${id}", which nobody sent`);
    }
  }
  const answered = attempts.filter(({ outcome }) => outcome === 'answered').length;
  return {
    claim: 'every request gets one response, and every response is in the log with its status',
    figure: `${attempts.length} requests, ${answered} responses, ${lost} of them in log lines that were lost with their gateway`,
    against,
  };
}

/** A response may be read after the gateway that sent it was killed. */
function isLineLost({ gate, fromMs, toMs }: Attempt, { faults }: Timeline): boolean {
  return faults.some(
    (fault) =>
      fault.subject === `gateway ${gate}` &&
      isDeadly(fault) &&
      fault.fromMs + OUTLIVED_MS >= fromMs &&
      fault.fromMs <= toMs + UNWRITTEN_MS,
  );
}

function byClientId(lines: readonly LogLine[]): Map<string, LogLine[]> {
  const requests = lines.filter(({ msg }) => msg === 'request');
  return groupBy(requests, ({ client_request_id: id }) => id ?? '');
}

function name({ id, caller, gate, status, outcome, fromMs, toMs }: Attempt): string {
  return `${id} (${caller}, gateway ${gate}, ${status ?? 'no status'}, ${outcome ?? 'open'}, ${at(fromMs)} to ${at(toMs)})`;
}
