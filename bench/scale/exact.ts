/** Whether several gateways with a cluster admit exactly the limit of each app. */
import { Pool } from 'undici';
import { randomInt } from 'node:crypto';
import type { ScaleGateway } from './setup.js';

export interface ExactResult {
  readonly apps: number;
  readonly limit: number;
  readonly sent: number;
  readonly admitted: number;
  readonly refused: number;
  /** The least and the most that were admitted of one app. */
  readonly least: number;
  readonly most: number;
}

const CONNECTIONS_PER_GATEWAY = 16;

/**
 * Sends more requests of each app than its limit admits, each to a gateway at random, all within the window.
 *
 * @param sentPerApp more than the limit
 * @throws Error for another status than 200 and 429
 */
export async function measureExactness(
  gateways: readonly ScaleGateway[],
  path: string,
  tokens: readonly string[],
  limit: number,
  sentPerApp: number,
): Promise<ExactResult> {
  const pools = gateways.map(({ origin }) => new Pool(origin, { connections: CONNECTIONS_PER_GATEWAY }));
  const admitted = new Array<number>(tokens.length).fill(0);
  const total = tokens.length * sentPerApp;
  let next = 0;
  let refused = 0;

  async function work(): Promise<void> {
    while (next < total) {
      const app = next++ % tokens.length;
      const pool = pools[randomInt(pools.length)]!;
      const headers = { authorization: `Bearer ${tokens[app]!}` };
      const { statusCode, body } = await pool.request({ path, method: 'GET', headers });
      await body.dump();
      if (statusCode === 200) admitted[app]!++;
      else if (statusCode === 429) refused++;
      else throw new Error(`status ${statusCode} in the check of exactness`);
    }
  }

  try {
    const workers = gateways.length * CONNECTIONS_PER_GATEWAY;
    await Promise.all(Array.from({ length: workers }, work));
  } finally {
    await Promise.all(pools.map((pool) => pool.close()));
  }
  return {
    apps: tokens.length,
    limit,
    sent: total,
    admitted: admitted.reduce((sum, count) => sum + count, 0),
    refused,
    least: Math.min(...admitted),
    most: Math.max(...admitted),
  };
}
