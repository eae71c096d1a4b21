/** A Redis Cluster on loopback for one test: three primaries, each with a replica. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import type { RedisSettings } from '../../src/model/settings.js';
import { serverArgs, startRedis, untilTrue, type OwnRedis } from './redis.js';

/** The offset of the port for the servers' own connections from the port for clients. */
const BUS = 10_000;

export interface OwnCluster {
  /** The primaries first. */
  readonly servers: readonly OwnRedis[];
  /** As a configuration file names them. */
  readonly addresses: string[];
  /** For a gateway that is configured with one server of it. */
  readonly settings: RedisSettings;
  /** Sends a command to one server, independently of the code under test. */
  ask<T>(server: OwnRedis, question: (redis: Redis) => Promise<T>): Promise<T>;
  /** The server of a key's slot, as one server knows it. */
  holderOf(key: string, asked?: OwnRedis): Promise<OwnRedis>;
  /** Resolves when another server has taken over a server's slots, and the whole cluster serves again. */
  untilTakenOver(server: OwnRedis): Promise<void>;
  /** Resolves when every server reports that the cluster serves all slots. */
  untilServing(): Promise<void>;
  close(): Promise<void>;
}

/** @param nodeTimeoutMs after which the others consider a server failed: a failover begins then */
export async function startCluster({ replicas = 1, nodeTimeoutMs = 1000 } = {}): Promise<OwnCluster> {
  const args = serverArgs(
    ...['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'],
    ...['--cluster-node-timeout', String(nodeTimeoutMs), '--repl-diskless-sync-delay', '0'],
    ...['--cluster-replica-validity-factor', '0'],
  );
  const servers: OwnRedis[] = [];
  while (servers.length < 3 * (1 + replicas))
    servers.push(await startRedis({ port: await freeClusterPort(), args }));
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
  await promisify(execFile)('redis-cli', [
    ...['--cluster', 'create', ...addresses],
    ...['--cluster-replicas', String(replicas), '--cluster-yes'],
  ]);

  async function ask<T>({ port }: OwnRedis, question: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis({ port, retryStrategy: () => null, commandTimeout: 500 });
    redis.on('error', () => undefined);
    try {
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  }

  const slotsOf = (server: OwnRedis) =>
    ask(server, (redis) => redis.call('CLUSTER', ['SLOTS'])) as Promise<
      [from: number, to: number, primary: [host: string, port: number], ...replicas: unknown[]][]
    >;
  const serverAt = (port: number) => servers.find((server) => server.port === port) ?? fail(port);

  async function isServing(server: OwnRedis): Promise<boolean> {
    const info = String(await ask(server, (redis) => redis.call('CLUSTER', ['INFO'])));
    const links = await ask(server, (redis) => redis.info('replication'));
    return info.includes('cluster_state:ok') && !links.includes('master_link_status:down');
  }

  const untilServing = () =>
    untilTrue(async () => (await Promise.all(servers.map(isServing))).every(Boolean));
  await untilServing();

  return {
    servers,
    addresses,
    settings: {
      servers: {
        kind: 'cluster',
        nodes: servers.slice(0, 1).map(({ port }) => ({ host: '127.0.0.1', port })),
        access: { username: undefined, password: undefined, tls: undefined },
      },
      timeoutMs: 100,
      keyPrefix: '',
    },
    ask,
    async holderOf(key, asked = servers[0] ?? fail(0)) {
      const slot = Number(await ask(asked, (redis) => redis.call('CLUSTER', ['KEYSLOT', key])));
      const range = (await slotsOf(asked)).find(([from, to]) => from <= slot && slot <= to);
      return serverAt(range?.[2][1] ?? 0);
    },
    untilTakenOver: (gone) =>
      untilTrue(async () => {
        const views = await Promise.all(
          servers
            .filter((server) => server !== gone)
            .map(async (server) => ({ ranges: await slotsOf(server), isServing: await isServing(server) })),
        );
        return views.every(
          (view) => view.isServing && view.ranges.every(([, , [, port]]) => port !== gone.port),
        );
      }),
    untilServing,
    async close() {
      for (const server of servers) server.continue();
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

/** Free for clients, and for the other servers of the cluster; below the ephemeral ports. */
async function freeClusterPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if ((await isFree(port)) && (await isFree(port + BUS))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
}

function fail(port: number): never {
  throw new Error(`no server at ${port}`);
}
