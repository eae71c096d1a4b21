/** A primary, a replica and three Sentinels on loopback for one test. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { RedisSettings } from '../../src/model/settings.js';
import { serverArgs, startRedis, untilTrue, type OwnRedis } from './redis.js';

const PRIMARY_NAME = 'mymaster';

export interface OwnSentinels {
  /** The servers: at first the primary, then the replica. */
  readonly servers: readonly [OwnRedis, OwnRedis];
  readonly sentinels: readonly OwnRedis[];
  /** As a configuration file names the Sentinels. */
  readonly addresses: string[];
  readonly settings: RedisSettings;
  /** Resolves when a server is the primary, as reported by itself and by every Sentinel. */
  untilPrimary(server: OwnRedis): Promise<void>;
  /** Makes the Sentinels replace the healthy primary by the replica. */
  failOver(): Promise<void>;
  close(): Promise<void>;
}

/** @param password of servers and Sentinels */
export async function startSentinels({ password }: { password?: string } = {}): Promise<OwnSentinels> {
  const auth = password === undefined ? [] : ['--requirepass', password, '--masterauth', password];
  const replication = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1', ...auth];
  const primary = await startRedis({ args: serverArgs(...replication) });
  const replica = await startRedis({
    args: serverArgs(...replication, '--replicaof', '127.0.0.1', String(primary.port)),
  });
  const servers = [primary, replica] as const;

  async function ask<T>({ port }: OwnRedis, question: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    const options = { port, retryStrategy: () => null, commandTimeout: 500, ...(password && { password }) };
    const redis = new Redis(options);
    redis.on('error', () => undefined);
    try {
      return await question(redis);
    } catch {
      return undefined;
    } finally {
      redis.disconnect();
    }
  }

  await untilTrue(
    async () => (await ask(replica, (redis) => redis.info()))?.includes('master_link_status:up') ?? false,
  );
  const configure = async (folder: string, port: number): Promise<readonly string[]> => {
    const file = join(folder, 'sentinel.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor ${PRIMARY_NAME} 127.0.0.1 ${primary.port} 2`,
      `sentinel down-after-milliseconds ${PRIMARY_NAME} 700`,
      `sentinel failover-timeout ${PRIMARY_NAME} 1500`,
      ...(password === undefined
        ? []
        : [`requirepass ${password}`, `sentinel auth-pass ${PRIMARY_NAME} ${password}`]),
    ];
    await writeFile(file, lines.join('\n'));
    return [file, '--sentinel'];
  };
  const sentinels = await Promise.all([1, 2, 3].map(() => startRedis({ args: configure })));
  await untilTrue(async () => {
    const views = await Promise.all(
      sentinels.map((one) => ask(one, (redis) => redis.call('SENTINEL', ['MASTER', PRIMARY_NAME]))),
    );
    return views.every((view) => {
      const words = Array.isArray(view)
        ? view.map(String)
        : Object.entries(view ?? {})
            .flat()
            .map(String);
      const said = (word: string) => words[words.indexOf(word) + 1];
      return said('num-slaves') === '1' && said('num-other-sentinels') === '2';
    });
  });

  return {
    servers,
    sentinels,
    addresses: sentinels.map(({ port }) => `127.0.0.1:${port}`),
    settings: {
      servers: {
        kind: 'sentinel',
        sentinels: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
        name: PRIMARY_NAME,
        access: { username: undefined, password, tls: undefined },
        sentinelAccess: {
          username: password === undefined ? undefined : 'default',
          password,
          tls: undefined,
        },
      },
      timeoutMs: 100,
      keyPrefix: '',
    },
    untilPrimary: (server) =>
      untilTrue(async () => {
        const named = await Promise.all(
          sentinels.map((one) =>
            ask(one, (redis) => redis.call('SENTINEL', ['GET-MASTER-ADDR-BY-NAME', PRIMARY_NAME])),
          ),
        );
        if (!named.every((address) => Array.isArray(address) && Number(address[1]) === server.port))
          return false;
        return (await ask(server, (redis) => redis.info('replication')))?.includes('role:master') ?? false;
      }),
    // Refused until the Sentinels know the replica of the last failover as one.
    failOver: () =>
      untilTrue(async () => {
        const [sentinel] = sentinels;
        return (
          sentinel !== undefined &&
          (await ask(sentinel, (redis) => redis.call('SENTINEL', ['FAILOVER', PRIMARY_NAME]))) === 'OK'
        );
      }),
    async close() {
      for (const process of [...sentinels, ...servers]) process.continue();
      await Promise.all([...sentinels, ...servers].map((process) => process.close()));
    },
  };
}
