/** The memory that a count takes in Redis. */
import { Pool } from 'undici';
import { askRedis } from '../environment/redis-cluster.js';
import type { ScaleGateway } from './setup.js';

export interface KeyMemory {
  readonly limit: string;
  /** Requests that each app has made within the window. */
  readonly counted: number;
  readonly keys: number;
  /** Of Redis's used memory, divided by the keys. */
  readonly bytesPerKey: number;
}

const CONNECTIONS = 32;

/**
 * Lets each token count requests, and returns what Redis has used for them.
 *
 * @param redis `host:port` of a Redis that has no other work
 * @param counted requests of each app
 */
export async function measureKeyMemory(
  { origin }: ScaleGateway,
  path: string,
  redis: string,
  tokens: readonly string[],
  limit: string,
  counted: number,
): Promise<KeyMemory> {
  const before = await readMemory(redis);
  const pool = new Pool(origin, { connections: CONNECTIONS });
  let next = 0;
  async function work(): Promise<void> {
    while (next < tokens.length * counted) {
      const headers = { authorization: `Bearer ${tokens[next++ % tokens.length]!}` };
      const { statusCode, body } = await pool.request({ path, method: 'GET', headers });
      await body.dump();
      if (statusCode !== 200) throw new Error(`status ${statusCode} while counts were made`);
    }
  }
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, work));
  } finally {
    await pool.close();
  }
  const after = await readMemory(redis);
  const keys = after.keys - before.keys;
  return { limit, counted, keys, bytesPerKey: (after.bytes - before.bytes) / keys };
}

async function readMemory(address: string): Promise<{ bytes: number; keys: number }> {
  return askRedis(address, async (redis) => {
    const [, bytes] = /^used_memory:(\d+)/m.exec(await redis.info('memory')) ?? [];
    return { bytes: Number(bytes), keys: await redis.dbsize() };
  });
}
