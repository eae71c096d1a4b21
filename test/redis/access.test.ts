/**
 * Access to Redis: users with few permissions, passwords beside the URL, Unix sockets, and TLS with verified
 * names.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { compileConfig, type GatewayConfig } from '../../src/config/config.js';
import type { RedisSettings } from '../../src/model/settings.js';
import { connectRedis, type RedisConnection } from '../../src/redis/connection.js';
import { subscribeRedis } from '../../src/redis/subscription.js';
import { createAuthority, type Authority } from '../support/certificates.js';
import { startGate } from '../support/gate.js';
import { freePort, serverArgs, startRedis, untilTrue, type OwnRedis } from '../support/redis.js';
import { startEchoUpstream } from '../support/upstream.js';
import { readableLog } from './logs.js';

const ECHO = 'return { ARGV[1] }';

let authority: Authority;
let redis: OwnRedis;
let connection: RedisConnection | undefined;
let reasons: string[];

beforeAll(() => {
  authority = createAuthority();
});
afterEach(async () => {
  connection?.close();
  connection = undefined;
  await redis.close();
});
afterAll(() => authority.close());

type Written = NonNullable<GatewayConfig['redis']>;

function settingsOf(written: Written): RedisSettings {
  const config = { redis: written, issuers: {}, upstreams: { a: 'http://127.0.0.1:1' }, routes: [ROUTE] };
  return compileConfig(config, { env: {}, baseFolder: '/' }).settings.redis!;
}

const ROUTE = { match: 'GET /a', upstream: 'a', public: true, limit: '2 per 1h' } as const;

/** @returns whether Redis can be used with these settings, within three seconds */
async function works(written: Written): Promise<boolean> {
  const readable = readableLog();
  reasons = readable.reasons;
  const settings = settingsOf(typeof written === 'string' ? written : { timeout: '1s', ...written });
  connection = connectRedis(settings, { log: readable.log, now: () => performance.now() });
  await connection.attempted;
  return (await connection.runScript(ECHO, ['tollgate:k'], ['x'])) !== 'unavailable';
}

describe('a user of Redis', () => {
  it.each(['p/a', 'p#?a', 'p@a', 'p%41', "p:' a", '%zz'])(
    'with the password %j beside the url is accepted',
    async (password) => {
      redis = await startRedis();
      const admin = new Redis(redis.url);
      await admin.call('ACL', ['SETUSER', 'gate', 'on', `>${password}`, '~*', '&*', '+@all']);
      admin.disconnect();
      expect(await works({ url: redis.url, username: 'gate', password })).toBe(true);
      connection?.close();
      const encoded = `gate:${encodeURIComponent(password)}`;
      expect(await works(redis.url.replace('//', `//${encoded}@`))).toBe(true);
    },
  );

  it('with exactly the documented permissions is sufficient for limits and the kill switch', async () => {
    const docs = readFileSync('docs/operations.md', 'utf8');
    const [, line] = /^ {4}(ACL SETUSER tollgate .*)$/m.exec(docs) ?? [];
    const [, ...words] = line!.replace('PASSWORD', 'pw').split(' ');
    redis = await startRedis();
    const admin = new Redis(redis.url);
    await admin.call('ACL', words);
    const upstream = await startEchoUpstream();
    const gate = await startGate({
      redis: {
        url: `${redis.url}/0`,
        username: 'tollgate',
        password: 'pw',
        on_failure: 'closed',
        timeout: '5s',
      },
      issuers: { main: { issuer: 'https://i.example', audience: 'a', jwks: 'https://i.example/jwks' } },
      upstreams: { a: upstream.origin },
      routes: [ROUTE],
    });
    const ask = async () => (await fetch(`${gate.url}/a`)).headers.get('x-ratelimit-remaining');
    expect([await ask(), await ask()]).toEqual(['1', '0']);
    const revoke = (method: string, path: string, body?: object) =>
      fetch(`${gate.adminUrl}/api/revocations${path}`, {
        method,
        headers: {
          authorization: 'Bearer the-administrator-of-the-tests',
          'content-type': 'application/json',
        },
        ...(body && { body: JSON.stringify(body) }),
      });
    // The first set is read with all permissions, the second as a new key.
    for (const app of ['x', 'y'])
      expect((await revoke('POST', '', { app, issuer: 'main' })).status).toBe(201);
    // Redis allowed every command, and the channel is subscribed.
    await untilTrue(async () => {
      const [, listeners] = (await admin.pubsub('NUMSUB', 'tollgate:revocations')) as [string, number];
      return listeners === 1;
    }, 3000);
    await gate.stop();
    await upstream.close();
    expect(await admin.call('ACL', ['LOG'])).toEqual([]);
    admin.disconnect();
  });
});

describe('a Unix socket', () => {
  it('is used, with its database', async () => {
    let path = '';
    redis = await startRedis({
      args: (folder, port) => {
        path = join(folder, 'redis.sock');
        return serverArgs('--unixsocket', path)(folder, port);
      },
    });
    expect(await works(`unix://${path}?db=2`)).toBe(true);
    expect(await connection?.runScript("return { redis.call('SET', KEYS[1], '1') }", ['k'], [])).not.toBe(
      'unavailable',
    );
    const admin = new Redis({ path, db: 2 });
    expect(await admin.exists('k')).toBe(1);
    admin.disconnect();
  });
});

/** A server with TLS at the second port. */
async function startTls(names: string, ...more: string[]): Promise<number> {
  const tlsPort = await freePort();
  const { certFile, keyFile } = authority.issue(`redis ${names}`, names);
  redis = await startRedis({
    args: serverArgs(
      ...['--tls-port', String(tlsPort), '--tls-auth-clients', 'no'],
      ...['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', authority.certFile],
      ...more,
    ),
  });
  return tlsPort;
}

describe('a Redis with TLS', () => {
  it('is verified by its CA and its name', async () => {
    const port = await startTls('DNS:redis.example');
    const ca = authority.certFile;
    const url = `rediss://127.0.0.1:${port}`;
    expect(await works({ url, tls: { ca, server_name: 'redis.example' } })).toBe(true);
    connection?.close();
    expect(await works({ url, tls: { ca } })).toBe(false);
    expect(reasons[0]).toMatch(/altnames/);
    connection?.close();
    expect(await works({ url, tls: { ca, server_name: 'other.example' } })).toBe(false);
    connection?.close();
    expect(await works({ url, tls: { server_name: 'redis.example' } })).toBe(false);
    expect(reasons[0]).toMatch(/self-signed|unable to (get|verify)/);
  });

  it('that requires a client certificate gets one', async () => {
    const port = await startTls('IP:127.0.0.1', '--tls-auth-clients', 'yes');
    const { certFile: cert, keyFile: key } = authority.issue('the gate');
    const ca = authority.certFile;
    const url = `rediss://127.0.0.1:${port}`;
    expect(await works({ url, tls: { ca } })).toBe(false);
    connection?.close();
    expect(await works({ url, tls: { ca, cert, key } })).toBe(true);
    let heard = '';
    const stop = subscribeRedis(
      settingsOf({ url, tls: { ca, cert, key } }),
      'news',
      (text) => (heard = text),
    );
    const admin = new Redis(redis.url);
    await untilTrue(async () => (await admin.publish('news', 'hello')) === 1, 3000);
    await expect.poll(() => heard).toBe('hello');
    stop();
    admin.disconnect();
  });

  it('of a cluster that announces addresses is verified by the configured name', async () => {
    const port = await startTls(
      'DNS:localhost',
      ...['--cluster-enabled', 'yes', '--tls-cluster', 'yes', '--cluster-announce-ip', '127.0.0.1'],
    );
    const admin = new Redis(redis.url);
    await admin.call('CLUSTER', ['ADDSLOTSRANGE', 0, 16_383]);
    await untilTrue(async () => String(await admin.call('CLUSTER', ['INFO'])).includes('cluster_state:ok'));
    admin.disconnect();
    const ca = authority.certFile;
    expect(await works({ cluster: [`localhost:${port}`], tls: { ca } })).toBe(true);
    expect(connection?.locate?.('k').server).toBeDefined();
    connection?.close();
    expect(await works({ cluster: [`127.0.0.1:${port}`], tls: { ca } })).toBe(false);
    connection?.close();
    expect(await works({ cluster: [`127.0.0.1:${port}`], tls: { ca, server_name: 'localhost' } })).toBe(true);
  });
});
