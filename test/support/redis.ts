/** Redis for the tests: the shared one, and separate ones that can be stopped, killed and started again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** The Redis that all tests share; keys in it have a random prefix and are removed by their creators. */
export function redisUrl(): string {
  return process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
}

export function randomPrefix(): string {
  return `test:${randomBytes(6).toString('hex')}:`;
}

/** Removes every key under a prefix. */
export async function removeKeys(prefix: string, url = redisUrl()): Promise<void> {
  const redis = new Redis(url);
  for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1000 }) as AsyncIterable<
    string[]
  >) {
    if (keys.length > 0) await redis.unlink(...keys);
  }
  redis.disconnect();
}

/** A redis-server process for one test: a server, or a Sentinel. */
export interface OwnRedis {
  readonly url: string;
  readonly port: number;
  /** Suspends it: its connections stay open and it does not respond. */
  stop(): void;
  /** Resumes it after `stop`. */
  continue(): void;
  /** Kills it at once. */
  kill(): Promise<void>;
  /**
   * Starts it on the same port after `kill`, empty except for its cluster state; resolves when it responds.
   */
  restart(): Promise<void>;
  /** Ends it and removes its files. */
  close(): Promise<void>;
}

export interface RedisProcess {
  readonly port?: number;
  /** Its command line beside the port; `folder` is its own. */
  readonly args?: (folder: string, port: number) => Promise<readonly string[]>;
}

/** A server for one test: on loopback, writing no data. */
export function serverArgs(...more: readonly string[]): NonNullable<RedisProcess['args']> {
  return (folder, port) =>
    Promise.resolve([
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
      ...['--save', '', '--appendonly', 'no'],
      ...more,
    ]);
}

export async function startRedis({
  port: wanted,
  args: argsOf = serverArgs(),
}: RedisProcess = {}): Promise<OwnRedis> {
  const port = wanted ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-redis-'));
  const args = await argsOf(folder, port);
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    const child = spawn('redis-server', args, { stdio: 'ignore' });
    server = child;
    let failure: Error | undefined;
    child.once('error', (error) => (failure = error));
    child.once('exit', (code) => (failure ??= new Error(`redis-server ended with ${String(code)}`)));
    while (!(await responses(port))) {
      if (failure) throw failure;
      await sleep(10);
    }
  }

  async function kill(): Promise<void> {
    const child = server;
    server = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop: () => void server?.kill('SIGSTOP'),
    continue: () => void server?.kill('SIGCONT'),
    kill,
    restart: start,
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Polls until servers are ready; a failure counts as not ready. */
export async function untilTrue(isTrue: () => Promise<boolean>, mostMs = 30_000): Promise<void> {
  const end = Date.now() + mostMs;
  while (!(await isTrue().catch(() => false))) {
    if (Date.now() > end) throw new Error(`not so within ${mostMs} ms`);
    await sleep(20);
  }
}

/** The system may give a port again that nobody listens on yet. */
const given = new Set<number>();

export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}

function responses(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      resolve(/^(\+PONG|-NOAUTH)/.test(data.toString()));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
}
