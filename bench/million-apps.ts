/**
 * `npm run bench:memory`: the memory of a gateway with Redis limits after requests of a million apps, each
 * with its own token. ES256, since signing a million RS256 tokens would take most of an hour.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jwt from 'jsonwebtoken';
import { Pool } from 'undici';
import { stringify } from 'yaml';
import { inRepository } from './paths.js';
import { startChild } from './environment/child.js';
import { freePort } from './environment/port.js';
import { startRedis } from './environment/redis.js';

const apps = Number(process.argv[2] ?? 1_000_000);
const CONNECTIONS = 64;
const TELL_EVERY = 100_000;

const folder = await mkdtemp(join(tmpdir(), 'tollgate-memory-'));
// As PEM: a KeyObject from `generateKeyPair` itself can deadlock Node when it is exported as a JWK.
const pair = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const publicKey = createPublicKey(pair.publicKey);
const privateKey = createPrivateKey(pair.privateKey);
const service = createServer((_req, res) => res.end('{}')).listen(0, '127.0.0.1');
await once(service, 'listening');
const redis = await startRedis(folder);
const [port, adminPort] = [await freePort(), await freePort()];
const file = join(folder, 'gateway.yaml');
await writeFile(
  file,
  stringify({
    listen: `127.0.0.1:${port}`,
    admin: `127.0.0.1:${adminPort}`,
    redis: { url: redis.url, timeout: '1s' },
    jwks_cache: false,
    log: { file: join(folder, 'access.log') },
    issuers: {
      bench: {
        issuer: 'https://issuer.example',
        audience: 'https://api.example',
        algorithms: ['ES256'],
        jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }] },
      },
    },
    upstreams: { service: `http://127.0.0.1:${(service.address() as AddressInfo).port}` },
    routes: [{ match: 'GET /things', upstream: 'service', scope: 'things:read', limit: '10 per 2m' }],
  }),
);
const command = [process.execPath, inRepository('dist/cli/main.js'), 'start', '-c', file];
const gate = await startChild('the gate', command, () => listens(port));
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS, pipelining: 1 });
try {
  await tellMemory(0);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < apps) {
      const app = next++;
      await ask(app);
      if ((app + 1) % TELL_EVERY === 0) await tellMemory(app + 1);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
} finally {
  await pool.close();
  await gate.stop();
  await redis.stop();
  service.close();
  service.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
}

async function ask(app: number): Promise<void> {
  const token = jwt.sign({ scope: ['things:read'] }, privateKey, {
    algorithm: 'ES256',
    keyid: 'one',
    issuer: 'https://issuer.example',
    audience: 'https://api.example',
    subject: `app-${app}`,
    jwtid: randomUUID(),
    expiresIn: '1d',
  });
  const headers = { authorization: `Bearer ${token}` };
  const { statusCode, body } = await pool.request({ path: '/things', method: 'GET', headers });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`app ${app}: ${statusCode} ${text}`);
}

async function tellMemory(asked: number): Promise<void> {
  const status = await readFile(`/proc/${gate.pid}/status`, 'utf8');
  const megabytes = (name: string): string => {
    const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
    return (Number(kilobytes) / 1024).toFixed(0);
  };
  const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const bytes = (name: string): string => {
    const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics) ?? [];
    return (Number(value) / 2 ** 20).toFixed(0);
  };
  process.stdout.write(
    `${asked} apps: ${megabytes('VmRSS')} MB resident, at most ${megabytes('VmHWM')} MB; ` +
      `heap ${bytes('nodejs_heap_size_used_bytes')} of ${bytes('nodejs_heap_size_total_bytes')} MB, ` +
      `external ${bytes('nodejs_external_memory_bytes')} MB\n`,
  );
}

async function listens(at: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${at}/things`);
  return response.status === 401;
}
