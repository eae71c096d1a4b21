/** The results as Markdown, for the terminal and for docs/scale.md. */
import { table } from '../report/table.js';
import { spread } from '../statistics.js';
import type { SetupCost } from './cost.js';
import type { ExactResult } from './exact.js';
import type { IdleResult } from './idle.js';
import type { KeyMemory } from './memory.js';

/** Medians, and the ratio to the first set-up, formed within each round. */
export function costTable(costs: readonly SetupCost[]): string {
  const [first] = costs;
  const body = costs.map(({ name, samples }) => {
    const ratio = spread(samples.map(({ gatewayUs }, i) => gatewayUs / first!.samples[i]!.gatewayUs));
    const redis = spread(samples.map(({ redisUs }, i) => redisUs / first!.samples[i]!.redisUs));
    return [
      name,
      spread(samples.map(({ gatewayUs }) => gatewayUs)).median.toFixed(1),
      spread(samples.map(({ redisUs }) => redisUs)).median.toFixed(1),
      spread(samples.map(({ redisBytes }) => redisBytes)).median.toFixed(0),
      spread(samples.map(({ requestsPerSecond }) => requestsPerSecond)).median.toFixed(0),
      ratioText(ratio),
      ratioText(redis),
    ];
  });
  const head = [
    'set-up',
    'gateways us/request',
    'Redis us/request',
    'Redis bytes/request',
    'requests/s',
    'gateways / 1',
    'Redis / 1',
  ];
  return table(head, body).join('\n');
}

export function memoryTable(results: readonly KeyMemory[]): string {
  const body = results.map(({ limit, counted, keys, bytesPerKey }) => [
    limit,
    String(counted),
    String(keys),
    bytesPerKey.toFixed(0),
  ]);
  return table(['limit', 'counted requests', 'keys', 'bytes a key'], body).join('\n');
}

export function exactText({ apps, limit, sent, admitted, refused, least, most }: ExactResult): string {
  return (
    `${sent} requests of ${apps} apps with a limit of ${limit} each: ${admitted} admitted, ${refused} refused; ` +
    `of one app at least ${least} and at most ${most} were admitted`
  );
}

export function idleText({ gateways, redis, postgres }: IdleResult): string {
  const head = ['server', `connections of ${gateways} gateways`, 'commands or transactions a second'];
  const body = redis.map(({ connections, commandsPerSecond }, index) => [
    `Redis ${index + 1}`,
    String(connections),
    commandsPerSecond.toFixed(1),
  ]);
  const last = ['PostgreSQL', String(postgres.connections), postgres.transactionsPerSecond.toFixed(1)];
  return table(head, [...body, last]).join('\n');
}

function ratioText({ median, least, most }: ReturnType<typeof spread>): string {
  return `${median.toFixed(2)} (${least.toFixed(2)}-${most.toFixed(2)})`;
}
