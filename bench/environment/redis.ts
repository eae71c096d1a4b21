/** A Redis for the bench, empty, and without writing to disk. */
import { Redis } from 'ioredis';
import { startChild, type Child } from './child.js';
import { findCommand } from './command.js';
import { freePort } from './port.js';

export interface RedisChild extends Child {
  readonly url: string;
}

export async function startRedis(folder: string): Promise<RedisChild> {
  const command = findCommand('redis-server');
  if (command === undefined) throw new Error('the bench needs redis-server on the PATH');
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = await startChild('Redis', [command, ...args], () => responses(url));
  return { ...child, url };
}

async function responses(url: string): Promise<boolean> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
    return true;
  } finally {
    client.disconnect();
  }
}

const FILL_AT_ONCE = 10_000;
/** As many bytes as the gateway stores for a count of `10 per 2m`. */
const COUNT = Buffer.alloc(61, 1);

/** Adds so many counts that no request uses. */
export async function fillRedis(url: string, keys: number): Promise<void> {
  const client = new Redis(url);
  for (let from = 0; from < keys; from += FILL_AT_ONCE) {
    const pipeline = client.pipeline();
    for (let i = from; i < Math.min(from + FILL_AT_ONCE, keys); i++) {
      pipeline.set(`other:{a:bench:app-${String(i).padStart(7, '0')}}:Yk3vQ0aZpA`, COUNT, 'PX', 3_600_000);
    }
    await pipeline.exec();
  }
  client.disconnect();
}
