/** One turn of a stack: a window of load, its cost, and whether every response and every count was right. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs } from './cpu.js';
import type { Load, Order } from './load/load.js';
import type { Scenario } from './scenario.js';
import type { Child } from './environment/child.js';
import type { Environment } from './environment/environment.js';
import type { Stack } from './stacks/stacks.js';

export interface RunningStack {
  readonly stack: Stack;
  readonly child: Child;
  readonly url: string;
}

export interface Sample {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** CPU microseconds a request, of the stack's process tree and of Redis. */
  readonly stackUs: number;
  readonly redisUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * After the load a stack still finishes requests in progress: it is idle once several reads show no arrival.
 */
const LOOK_MS = 150;
const QUIET_LOOKS = 3;
const LONGEST_WORK_MS = 5000;

async function untilAtRest(upstream: Environment['upstream']): Promise<void> {
  let arrived = await upstream.count();
  let quiet = 0;
  for (let waited = 0; quiet < QUIET_LOOKS && waited < LONGEST_WORK_MS; waited += LOOK_MS) {
    await sleep(LOOK_MS);
    const before = arrived;
    arrived = await upstream.count();
    quiet = arrived === before ? quiet + 1 : 0;
  }
}

export async function takeSample(
  { stack, child, url }: RunningStack,
  scenario: Scenario,
  environment: Environment,
  load: Load,
  seconds: number,
  rate?: number,
): Promise<Sample> {
  const { upstream, redis } = environment;
  const read = async () => ({
    stack: cpuMs(child.pid),
    redis: cpuMs(redis.pid),
    arrived: await upstream.count(),
  });
  const before = await read();
  const outcome = await load.run({
    url,
    connections: scenario.connections,
    seconds,
    rate,
    uploadFile: environment.uploadFile,
    ...dueOf(stack, scenario, environment),
  });
  await untilAtRest(upstream);
  const after = await read();

  const { requests, wrong, firstWrong, socketErrors } = outcome;
  const fail = (what: string): never => {
    throw new Error(`${stack.title}, scenario ${scenario.name}: ${what}`);
  };
  if (requests === 0) fail('no request was answered');
  if (socketErrors > 0) fail(`${socketErrors} connections were refused, broken or timed out`);
  if (wrong > 0) fail(`${wrong} of ${requests} answers were wrong, the first one: ${firstWrong}`);
  // The load stops in the middle of one request a connection: these may have arrived, and have no response.
  const arrived = after.arrived - before.arrived;
  const withoutResponse = stack.responses === 'forwarded' ? arrived - requests : arrived;
  if (withoutResponse < 0 || withoutResponse > (stack.responses === 'forwarded' ? scenario.connections : 0)) {
    fail(`the upstream had ${arrived} requests where ${requests} were answered`);
  }

  return {
    requests,
    requestsPerSecond: requests / outcome.seconds,
    stackUs: ((after.stack - before.stack) * 1000) / requests,
    redisUs: ((after.redis - before.redis) * 1000) / requests,
    p50Ms: outcome.p50Ms,
    p99Ms: outcome.p99Ms,
  };
}

/** The data of the requests, and what their responses must be. */
function dueOf(
  { checks, responses }: Stack,
  { limit }: Scenario,
  { tokensFile, noTokensFile, bodyFiles }: Environment,
): Pick<Order, 'tokensFile' | 'expected'> {
  const bodyFile = bodyFiles[responses];
  switch (responses) {
    case 'forwarded':
      return { tokensFile, expected: { status: 200, bodyFile, limit: checks ? limit.requests : undefined } };
    case 'exhausted':
      return { tokensFile, expected: { status: 429, bodyFile, limit: 1 } };
    case 'tokenless':
      return { tokensFile: noTokensFile, expected: { status: 401, bodyFile, limit: undefined } };
  }
}
