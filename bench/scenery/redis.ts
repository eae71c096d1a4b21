/** A Redis of the bench's own, with nothing in it and nothing written to disk. */
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
  const child = await startChild('Redis', [command, ...args], () => answers(url));
  return { ...child, url };
}

async function answers(url: string): Promise<boolean> {
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
