/** One scenario from start to end: every stack is started, probed and warmed, then they take turns, A B C A B C. */
import { readFile } from 'node:fs/promises';
import { peakMemory } from './cpu.js';
import { pacedLoad, type Load } from './load/load.js';
import type { Options } from './options.js';
import { probeChecks } from './probe.js';
import type { Scenario } from './scenario.js';
import { startChild } from './environment/child.js';
import { freePort } from './environment/port.js';
import { setUpEnvironment, Started, type Environment } from './environment/environment.js';
import { STACKS, BASELINE, type Stack } from './stacks/stacks.js';
import { takeSample, type RunningStack, type Sample } from './sample.js';

export interface StackSamples {
  readonly stack: Stack;
  /** One a round. */
  readonly samples: readonly Sample[];
  readonly peakMemoryBytes: number;
}

export interface Session {
  readonly scenario: Scenario;
  readonly upstream: 'nginx' | 'node';
  readonly stacks: readonly StackSamples[];
}

/** At the start of each turn, not measured: connections are opened again and cold code is warmed up. */
const RUN_IN_S = 1;

export async function runSession(
  scenario: Scenario,
  options: Options,
  load: Load,
  tell: (text: string) => void,
): Promise<Session> {
  const started = new Started();
  try {
    const environment = await setUpEnvironment(scenario, started);
    const entries: { readonly running: RunningStack; readonly samples: Sample[] }[] = [];
    let slowest = Infinity;
    for (const stack of chosen(scenario, options)) {
      const running = await startStack(stack, scenario, environment, options.profile, started);
      tell(`${scenario.name}: ${stack.title} is warmed up`);
      const { requestsPerSecond } = await takeSample(running, scenario, environment, load, options.warmUpS);
      slowest = Math.min(slowest, requestsPerSecond);
      entries.push({ running, samples: [] });
    }
    const rate = scenario.pace === 'half' ? slowest / 2 : undefined;
    const measuring = rate === undefined ? load : pacedLoad();
    for (let round = 1; round <= options.rounds; round++) {
      for (const { running, samples } of entries) {
        await takeSample(running, scenario, environment, measuring, RUN_IN_S, rate);
        const sample = await takeSample(running, scenario, environment, measuring, options.seconds, rate);
        samples.push(sample);
        const figures = `${sample.stackUs.toFixed(1)} us, ${sample.requestsPerSecond.toFixed(0)}/s`;
        tell(`${scenario.name}, round ${round} of ${options.rounds}: ${running.stack.title}, ${figures}`);
      }
    }
    const stacks = entries.map(({ running: { stack, child }, samples }) => {
      return { stack, samples, peakMemoryBytes: peakMemory(child.pid) };
    });
    return { scenario, upstream: environment.upstream.kind, stacks };
  } finally {
    await started.stop();
  }
}

function chosen(scenario: Scenario, options: Options): readonly Stack[] {
  const asked = options.stacks.length === 0 ? undefined : [BASELINE, ...options.stacks];
  return STACKS.filter(({ name }) => scenario.stacks.includes(name)).filter(
    ({ name }) => asked?.includes(name) ?? true,
  );
}

async function startStack(
  stack: Stack,
  scenario: Scenario,
  environment: Environment,
  profile: boolean,
  started: Started,
): Promise<RunningStack> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}${scenario.path}`;
  const command = await stack.command({ port, folder: environment.folder, profile }, environment.context);
  const child = started.add(
    await startChild(stack.title, command, async () => (await fetch(url)).status < 500),
  );
  if (stack.responses === 'exhausted') await exhaust(url, environment.tokensFile);
  else if (stack.checks && stack.responses === 'forwarded')
    await probeChecks(url, scenario, environment.issuer);
  return { stack, child, url };
}

/** Uses up the one request that each app has. */
async function exhaust(url: string, tokensFile: string): Promise<void> {
  const tokens = (await readFile(tokensFile, 'utf8')).split('\n');
  for (const token of tokens)
    await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).text();
}
