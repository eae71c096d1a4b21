/** The run as a page: what was done, which faults were injected, and whether each claim held. */
import { groupBy } from './group.js';
import type { Attempt } from './ledger.js';
import type { Fault } from './timeline.js';
import { holds, type Finding } from './verdict/verdict.js';

export interface Run {
  readonly seconds: number;
  readonly seed: number;
  readonly processes: readonly number[];
  readonly attempts: readonly Attempt[];
  readonly faults: readonly Fault[];
  readonly findings: readonly Finding[];
}

export function reportOf({ seconds, seed, processes, attempts, faults, findings }: Run): string {
  const injected = countBy(faults, ({ subject, kind }) => `${subject.replace(/ \d$/, '')} ${kind}`);
  const callers = [...groupBy(attempts, ({ caller }) => caller)].sort(([a], [b]) => a.localeCompare(b));
  return [
    '# Soak',
    '',
    `The last run of \`npm run soak\`: ${seconds} s, seed ${seed}, gateways of ${processes.join(' and ')} process(es) on one Redis,`,
    'three targets, a fault every few seconds. `cut` and `refused` are connections; `left` is a client that disconnected on purpose.',
    '',
    ...table(
      ['claim', 'figure', 'held'],
      findings.map((finding) => [finding.claim, finding.figure, holds(finding) ? 'yes' : '**no**']),
    ),
    '',
    ...table(
      ['fault', 'times'],
      injected.map(([what, times]) => [what, String(times)]),
    ),
    '',
    ...table(
      ['caller', 'requests', 'results'],
      callers.map(([caller, mine]) => [
        caller,
        String(mine.length),
        countBy(mine, ({ status, outcome }) =>
          outcome === 'answered'
            ? String(status)
            : `${outcome ?? 'open'}${status === undefined ? '' : ` after ${status}`}`,
        )
          .map(([what, times]) => `${what}: ${times}`)
          .join(', '),
      ]),
    ),
    '',
  ].join('\n');
}

function countBy<T>(all: readonly T[], nameOf: (one: T) => string): [name: string, times: number][] {
  return [...groupBy(all, nameOf)]
    .map(([name, same]): [string, number] => [name, same.length])
    .sort(([a], [b]) => a.localeCompare(b));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, i) => Math.max(title.length, 3, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}
