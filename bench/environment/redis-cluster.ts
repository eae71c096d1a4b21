/** A Redis Cluster for the bench: three primaries without replicas, empty, and without writing to disk. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { runChild, startChild, type Child } from './child.js';
import { findCommand } from './command.js';
import { freePort } from './port.js';

/** One primary. */
export interface ClusterNode extends Child {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
}

/** Servers use the port for clients plus this for their own connections. */
const BUS_OFFSET = 10_000;
const MAX_PORT = 65_535 - BUS_OFFSET;
const SIZE = 3;
const CREATE_MS = 20_000;
const SERVING_MS = 20_000;

/** Starts the nodes, and resolves when they serve all slots. */
export async function startRedisCluster(folder: string): Promise<readonly ClusterNode[]> {
  const [server, client] = [findCommand('redis-server'), findCommand('redis-cli')];
  if (server === undefined || client === undefined)
    throw new Error('the bench needs redis-server and redis-cli on the PATH');
  const nodes: ClusterNode[] = [];
  try {
    while (nodes.length < SIZE) nodes.push(await startNode(server, join(folder, `node-${nodes.length}`)));
    const addresses = nodes.map(({ address }) => address);
    await runChild(
      'redis-cli',
      [client, '--cluster', 'create', ...addresses, '--cluster-replicas', '0', '--cluster-yes'],
      CREATE_MS,
    );
    for (const { address } of nodes) await untilServing(address);
    return nodes;
  } catch (error) {
    for (const node of nodes) await node.stop();
    throw error;
  }
}

async function startNode(server: string, folder: string): Promise<ClusterNode> {
  await mkdir(folder, { recursive: true });
  let port = await freePort();
  while (port > MAX_PORT) port = await freePort();
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder };
  const cluster = { 'cluster-enabled': 'yes', 'cluster-config-file': 'nodes.conf' };
  const args = Object.entries({ ...settings, ...cluster }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  const address = `127.0.0.1:${port}`;
  const child = await startChild('a node of the cluster', [server, ...args], async () => {
    await askRedis(address, (redis) => redis.ping());
    return true;
  });
  return { ...child, address };
}

async function untilServing(address: string): Promise<void> {
  const deadline = performance.now() + SERVING_MS;
  for (;;) {
    const info = String(await askRedis(address, (redis) => redis.call('CLUSTER', ['INFO'])));
    if (info.includes('cluster_state:ok')) return;
    if (performance.now() > deadline) throw new Error(`the cluster does not serve: ${info}`);
  }
}

/** Sends commands to one server over a connection of its own. */
export async function askRedis<T>(address: string, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(`redis://${address}`, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}
