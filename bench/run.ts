/**
 * `npm run bench`: the cost of a request, with every stack in turn. Linux only: CPU time is read from /proc.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'prettier';
import { chooseLoad } from './load/load.js';
import { isWhole, readOptions, USAGE, WrongUsage, type Options } from './options.js';
import { inRepository } from './paths.js';
import { chart } from './report/chart.js';
import { figuresOf, type Figures } from './report/figures.js';
import { goalsOf } from './report/goals.js';
import { goalsTable, scenarioTable, title } from './report/table.js';
import { SCENARIOS } from './scenario.js';
import { runSession } from './session.js';
import { STACKS } from './stacks/stacks.js';

async function run(options: Options): Promise<Figures> {
  refuseUnknown(options.scenarios, SCENARIOS, 'scenario');
  refuseUnknown(options.stacks, STACKS, 'stack');
  const load = chooseLoad();
  const sessions = [];
  for (const scenario of SCENARIOS) {
    if (options.scenarios.length > 0 && !options.scenarios.includes(scenario.name)) continue;
    const session = await runSession(scenario, options, load, (text) => process.stderr.write(`${text}\n`));
    // At once, so that an interrupted run has reported its results.
    process.stdout.write(`\n${scenarioTable(figuresOf(session))}\n\n`);
    sessions.push(session);
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    rounds: options.rounds,
    seconds: options.seconds,
    load: load.kind,
    upstream: sessions[0]?.upstream ?? 'none',
    scenarios: sessions.map(figuresOf),
    goals: goalsOf(sessions),
  };
}

function refuseUnknown(
  names: readonly string[],
  known: readonly { readonly name: string }[],
  what: string,
): void {
  const unknown = names.filter((name) => !known.some((one) => one.name === name));
  if (unknown.length === 0) return;
  const all = known.map(({ name }) => name).join(', ');
  throw new WrongUsage(`no such ${what}: ${unknown.join(', ')}; there are ${all}`);
}

async function keep(figures: Figures): Promise<void> {
  const folder = inRepository('bench/results');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const json = await format(JSON.stringify(figures), { parser: 'json', printWidth: 110 });
  await writeFile(join(folder, 'latest.json'), json);
  for (const scenario of figures.scenarios) {
    await writeFile(join(folder, `${scenario.name}.svg`), chart(scenario, figures));
  }
}

// One for each process of a scenario.
process.setMaxListeners(50);
// Exit handlers end the processes and remove the files of an interrupted run.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

try {
  const options = readOptions(process.argv.slice(2), SCENARIOS[0].name);
  const figures = await run(options);
  process.stdout.write(`${goalsTable(figures.goals)}\n\n${title(figures)}\n`);
  if (isWhole(options)) await keep(figures);
  else process.stdout.write('\nA partial run: bench/results/ is left as it was.\n');
} catch (error) {
  const wrongUsage = error instanceof WrongUsage;
  process.stderr.write(wrongUsage ? `${error.message}\n${USAGE}\n` : `${String(error)}\n`);
  process.exitCode = wrongUsage ? 2 : 1;
}
