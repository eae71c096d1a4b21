/** The figures as Markdown tables, for the terminal and for the docs. */
import { NAIVE, BASELINE } from '../stacks/stacks.js';
import type { Figures, ScenarioFigures, StackFigures } from './figures.js';
import type { GoalFigures } from './goals.js';

const HEAD = [
  'stack',
  'CPU us/request',
  'Redis us/request',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'peak MB',
  `/ ${BASELINE}`,
  'spread',
  `/ ${NAIVE}`,
];

const GOALS_HEAD = ['what', 'goal', 'ratio', 'spread'];

export function title({ date, node, rounds, seconds, load, upstream }: Figures): string {
  return `${date}, Node ${node}, medians of ${rounds} rounds of ${seconds} s, load by ${load}, upstream ${upstream}.`;
}

export function scenarioTable({ name, summary, connections, apps, stacks }: ScenarioFigures): string {
  const about = `**${name}**: ${connections} connections, ${apps} apps, ${summary}.`;
  return [about, '', ...table(HEAD, stacks.map(row))].join('\n');
}

export function goalsTable(goals: readonly GoalFigures[]): string {
  return table(GOALS_HEAD, goals.map(goalRow)).join('\n');
}

/** A Markdown table; the first column is left-aligned. */
export function table(head: readonly string[], body: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((cells) => cells[i]?.length ?? 0)));
  const [first = '', ...rest] = [head, ...body].map((cells) =>
    line(cells.map((cell, i) => pad(cell, widths[i] ?? 0, i))),
  );
  const rule = line(widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)));
  return [first, rule, ...rest];
}

function goalRow({ what, most, ratio }: GoalFigures): readonly string[] {
  const [median, least, greatest] = [ratio.median, ratio.least, ratio.most].map((value) => value.toFixed(2));
  return [what, most === null ? 'reported' : `≤ ${most}`, median ?? '', `${least}-${greatest}`];
}

function row(figures: StackFigures): readonly string[] {
  const { title, stackUs, redisUs, requestsPerSecond, p50Ms, p99Ms, peakMemoryMb, ratio, toNaive } = figures;
  return [
    title,
    stackUs.median.toFixed(1),
    redisUs === 0 ? '-' : redisUs.toFixed(1),
    requestsPerSecond.toFixed(0),
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    peakMemoryMb.toFixed(0),
    ratio.median.toFixed(2),
    `${ratio.least.toFixed(2)}-${ratio.most.toFixed(2)}`,
    toNaive?.median.toFixed(2) ?? '-',
  ];
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
