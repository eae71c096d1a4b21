/** The figures as Markdown tables, for the terminal and for the docs. */
import { NAIVE, YARDSTICK } from '../stacks/stacks.js';
import type { Figures, ScenarioFigures, StackFigures } from './figures.js';

const HEAD = [
  'stack',
  'CPU us/request',
  'Redis us/request',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'peak MB',
  `/ ${YARDSTICK}`,
  'spread',
  `/ ${NAIVE}`,
];

export function tables({ date, node, rounds, seconds, load, upstream, scenarios }: Figures): string {
  const lines = [
    `${date}, Node ${node}, medians of ${rounds} rounds of ${seconds} s, load by ${load}, upstream ${upstream}.`,
  ];
  for (const scenario of scenarios) lines.push('', ...table(scenario));
  return lines.join('\n');
}

function table({ name, summary, connections, apps, stacks }: ScenarioFigures): readonly string[] {
  const rows = [HEAD, ...stacks.map(row)];
  const widths = HEAD.map((_, i) => Math.max(...rows.map((cells) => cells[i]?.length ?? 0)));
  const [head = '', ...body] = rows.map((cells) =>
    line(cells.map((cell, i) => pad(cell, widths[i] ?? 0, i))),
  );
  const rule = line(widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)));
  const title = `**${name}**: ${connections} connections, ${apps} apps, ${summary}.`;
  return [title, '', head, rule, ...body];
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
