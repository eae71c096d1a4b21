/** The CPU of a request: one gateway or several, with one Redis or a cluster, in turn. */
import { cpuMs } from '../cpu.js';
import { askRedis } from '../environment/redis-cluster.js';
import type { Environment } from '../environment/environment.js';
import type { Load } from '../load/load.js';
import type { Setup } from './setup.js';

/** One window of load. */
export interface CostSample {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** CPU microseconds a request, summed over the gateways, and over the Redis servers. */
  readonly gatewayUs: number;
  readonly redisUs: number;
  /** Bytes to and from the Redis servers for a request. */
  readonly redisBytes: number;
}

export interface SetupCost {
  readonly name: string;
  readonly samples: readonly CostSample[];
}

const CONNECTIONS = 64;
const WARM_UP_S = 4;
/** At the start of each turn, not measured. */
const RUN_IN_S = 1;

/**
 * Measures all set-ups in turn.
 *
 * @throws Error where a response is not the expected one
 */
export async function measureCost(
  setups: readonly Setup[],
  environment: Environment,
  load: Load,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<readonly SetupCost[]> {
  const costs = setups.map((setup) => ({ name: setup.name, setup, samples: [] as CostSample[] }));
  for (const { setup } of costs) await takeSample(setup, environment, load, WARM_UP_S);
  for (let round = 0; round < rounds; round++) {
    // Every other round in the reverse order: what comes after a set-up is not always the same.
    for (const { setup, samples } of round % 2 === 0 ? costs : [...costs].reverse()) {
      await takeSample(setup, environment, load, RUN_IN_S);
      samples.push(await takeSample(setup, environment, load, seconds));
    }
  }
  return costs.map(({ name, samples }) => ({ name, samples }));
}

async function takeSample(
  { name, gateways, redis }: Setup,
  { context, tokensFile, bodyFiles }: Environment,
  load: Load,
  seconds: number,
): Promise<CostSample> {
  const before = await read(gateways, redis);
  const outcomes = await Promise.all(
    gateways.map(({ origin }) =>
      load.run({
        url: origin + context.path,
        connections: CONNECTIONS / gateways.length,
        seconds,
        rate: undefined,
        uploadFile: undefined,
        tokensFile,
        expected: { status: 200, bodyFile: bodyFiles.forwarded, limit: context.limit.requests },
      }),
    ),
  );
  const after = await read(gateways, redis);
  let requests = 0;
  for (const outcome of outcomes) {
    if (outcome.wrong > 0 || outcome.socketErrors > 0)
      throw new Error(`${name}: ${outcome.wrong} wrong responses, the first: ${outcome.firstWrong}`);
    requests += outcome.requests;
  }
  return {
    requests,
    requestsPerSecond: requests / Math.max(...outcomes.map((outcome) => outcome.seconds)),
    gatewayUs: ((after.gatewayMs - before.gatewayMs) * 1000) / requests,
    redisUs: ((after.redisMs - before.redisMs) * 1000) / requests,
    redisBytes: (after.redisBytes - before.redisBytes) / requests,
  };
}

async function read(
  gateways: Setup['gateways'],
  redis: Setup['redis'],
): Promise<{ gatewayMs: number; redisMs: number; redisBytes: number }> {
  const total = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
  const bytes = await Promise.all(redis.map(({ address }) => readBytes(address)));
  return {
    gatewayMs: total(gateways.map(({ pid }) => pid)),
    redisMs: total(redis.map(({ pid }) => pid)),
    redisBytes: bytes.reduce((sum, each) => sum + each, 0),
  };
}

async function readBytes(address: string): Promise<number> {
  const text = await askRedis(address, (client) => client.info('stats'));
  return ['input', 'output'].reduce((sum, direction) => {
    const [, bytes] = new RegExp(`^total_net_${direction}_bytes:(\\d+)`, 'm').exec(text) ?? [];
    return sum + Number(bytes);
  }, 0);
}
