/** What gateways without traffic do at Redis and at PostgreSQL, and the connections that they hold. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { askRedis } from '../environment/redis-cluster.js';

export interface IdleResult {
  readonly gateways: number;
  /** At each server: connections of gateways, and their commands in a second. */
  readonly redis: readonly { readonly connections: number; readonly commandsPerSecond: number }[];
  /** Connections of all gateways, and their transactions in a second. */
  readonly postgres: { readonly connections: number; readonly transactionsPerSecond: number };
}

const WATCH_MS = 20_000;
/** Statistics of PostgreSQL appear up to a second late. */
const STATISTICS_MS = 1500;

/** @param database the URL of a database that only these gateways use */
export async function measureIdle(
  gateways: number,
  nodes: readonly string[],
  database: string,
): Promise<IdleResult> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    await sleep(STATISTICS_MS);
    const before = await Promise.all(nodes.map(readNode));
    const transactionsBefore = await readTransactions(client);
    await sleep(WATCH_MS);
    const after = await Promise.all(nodes.map(readNode));
    const transactions = (await readTransactions(client)) - transactionsBefore;
    const seconds = WATCH_MS / 1000;
    return {
      gateways,
      redis: after.map(({ connections, commands }, index) => ({
        connections,
        commandsPerSecond: (commands - before[index]!.commands) / seconds,
      })),
      postgres: {
        connections: await countConnections(client),
        transactionsPerSecond: transactions / seconds,
      },
    };
  } finally {
    await client.end();
  }
}

/** The own connection, and the commands of the first reading, are left out. */
async function readNode(address: string): Promise<{ connections: number; commands: number }> {
  return askRedis(address, async (redis) => {
    const statistics = await redis.info('commandstats');
    const clients = await redis.client('LIST');
    const lines = String(clients)
      .trim()
      .split('\n')
      .filter((line) => !line.includes('cmd=client'));
    let commands = 0;
    for (const [, name, calls] of statistics.matchAll(/cmdstat_([^:]+):calls=(\d+)/g))
      if (!/^(info|client|hello|select|ping)/.test(name!)) commands += Number(calls);
    return { connections: lines.length, commands };
  });
}

async function readTransactions(client: pg.Client): Promise<number> {
  await client.query('SELECT pg_stat_clear_snapshot()');
  const { rows } = await client.query<{ count: string }>(
    'SELECT xact_commit AS count FROM pg_stat_database WHERE datname = current_database()',
  );
  return Number(rows[0]?.count);
}

async function countConnections(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    'SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  return Number(rows[0]?.count);
}
