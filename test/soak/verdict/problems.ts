/**
 * Every problem that a caller saw has its fault: without one there is no 5xx, no cut connection and no wrong
 * status.
 */
import type { LogLine } from '../gates.js';
import type { Attempt } from '../ledger.js';
import { at, isDeadly, type Fault, type Timeline } from '../timeline.js';
import type { Finding } from './verdict.js';

/** How long a fault has effects after its end: broken connections, targets that recover slowly, timeouts. */
const ECHO_MS = 4000;

/** Instead of a reason, where the log line was lost with its gateway; responses.ts checks that it was. */
const LOST = 'for a lost reason';

/** What a stalled machine alone may cause. */
const COMES_TOO_LATE = new Set<string | undefined>([
  'limits_unavailable',
  'keys_unavailable',
  'upstream_timeout',
  'no_healthy_target',
  'overloaded',
]);

interface Trouble {
  readonly attempt: Attempt;
  /** The problem, as named in the table. */
  readonly what: string;
  readonly isCause: (fault: Fault) => boolean;
}

/** @param logs of each gateway */
export function checkProblems(
  attempts: readonly Attempt[],
  logs: readonly (readonly LogLine[])[],
  timeline: Timeline,
): Finding[] {
  const reasons = new Map(
    logs.flat().flatMap((line) => (line.client_request_id ? [[line.client_request_id, line.reason]] : [])),
  );
  const reasonOf = ({ id }: Attempt): string | undefined => (reasons.has(id) ? reasons.get(id) : LOST);
  const problems = attempts.flatMap((attempt) => troubleOf(attempt, reasonOf(attempt)) ?? []);
  return ['5xx', 'connection cut or refused', 'unexpected status'].map((sort): Finding => {
    const mine = problems.filter(({ what }) => what.startsWith(sort));
    return {
      claim: `every ${sort} is explained by a fault at that time`,
      figure: countsOf(mine),
      against: mine.filter((trouble) => !isExplained(trouble, timeline)).map(describe),
    };
  });
}

function troubleOf(attempt: Attempt, reason: string | undefined): Trouble | undefined {
  const { status, outcome, expected, gate } = attempt;
  if (outcome === 'refused' || outcome === 'cut') {
    const what = `connection cut or refused: ${outcome}${status === undefined ? '' : ` after ${status}`}`;
    const isKilled = (fault: Fault): boolean => fault.subject === `gateway ${gate}` && isDeadly(fault);
    const isStopped = ({ subject, kind }: Fault): boolean =>
      subject === `gateway ${gate}` && kind === 'stopped';
    // A new connection to a closing port may be reset in the queue; a request on an open connection is not.
    const endsNew = (fault: Fault): boolean => isKilled(fault) || (!attempt.isReused && isStopped(fault));
    // Without a response head the caller's own connection was lost, which no upstream fault explains.
    if (status === undefined) return { attempt, what, isCause: endsNew };
    // What lasts longer than a drain may last is cut.
    return { attempt, what, isCause: (fault) => isKilled(fault) || isStopped(fault) || isTargets(fault) };
  }
  if (status === undefined || expected.includes(status)) return undefined;
  if (status < 500) return { attempt, what: `unexpected status: ${status}`, isCause: () => false };
  const isCause = causeOf(reason);
  return {
    attempt,
    what: `5xx: ${status} ${reason ?? ''}`,
    isCause: (fault) => isCause(fault) || (fault.subject === 'machine' && COMES_TOO_LATE.has(reason)),
  };
}

function causeOf(reason: string | undefined): Trouble['isCause'] {
  switch (reason) {
    case 'limits_unavailable':
      return ({ subject }) => subject === 'redis';
    case 'keys_unavailable':
      return ({ subject, kind }) => subject === 'issuer' && kind !== 'rotating';
    case 'overloaded':
      return (fault) => fault.subject === 'clients' || isTargets(fault);
    case LOST:
      return (fault) => fault.subject === 'redis' || fault.subject === 'issuer' || isTargets(fault);
    case undefined:
      // Responses that the upstream never sends by itself.
      return () => false;
    default:
      return isTargets;
  }
}

function isTargets({ subject }: Fault): boolean {
  return subject.startsWith('target');
}

function isExplained({ attempt, isCause }: Trouble, timeline: Timeline): boolean {
  return timeline.touching(attempt.fromMs, attempt.toMs, ECHO_MS, isCause).length > 0;
}

function describe({ attempt: { id, caller, gate, fromMs, toMs }, what }: Trouble): string {
  return `${id} (${caller}, gateway ${gate}, ${at(fromMs)} to ${at(toMs)}): ${what}`;
}

function countsOf(problems: readonly Trouble[]): string {
  const counts = new Map<string, number>();
  for (const { what } of problems) counts.set(what, (counts.get(what) ?? 0) + 1);
  const parts = [...counts].map(([what, count]) => `${count} × ${what.replace(/^[^:]*: /, '').trim()}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}
