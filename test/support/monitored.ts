/**
 * For tests of the dashboard and the alerts: a gateway, and one with two workers, each with a Redis, a PostgreSQL, an issuer and
 * upstreams of its own, and traffic of every kind to both.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCommand, type RunningCommand } from './command.js';
import { ADMIN_TOKEN } from './gate.js';
import { freePort } from './redis.js';
import { issueToken, makeApp, postForm, tokensIn, type MadeApp } from './token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from './tokens.js';
import { until } from './until.js';
import { startTarget, type Target } from './upstream-target.js';

/** Where a gateway finds what it depends on. */
export interface Stores {
  readonly redis: { readonly url: string; readonly key_prefix?: string };
  readonly database: string;
  /** A free port, so that a Prometheus can be started at the same time. */
  readonly adminPort: number;
}

export interface MonitoredGateway {
  readonly url: string;
  readonly adminUrl: string;
  /** As Prometheus names it: `host:port` of the admin port. */
  readonly instance: string;
  /** Its file when it started. */
  readonly config: object;
  readonly issuer: TestIssuer;
  /** Three targets: two of the upstream `pair`, and the only one of `single`. */
  readonly targets: readonly Target[];
  /** Sends requests of every kind, over and over, until it is called. */
  readonly stopTraffic: () => Promise<void>;
  kill(): Promise<void>;
  /** Starts it after `kill`. @param config its file from now on */
  start(config: object): Promise<void>;
  /** Changes its file. */
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

const PAUSE_MS = 150;

/** Starts one and its traffic. @param more further keys of its file */
export async function startMonitored(
  { redis, database, adminPort }: Stores,
  more: object,
): Promise<MonitoredGateway> {
  const [folder, port, issuer, targets] = await Promise.all([
    mkdtemp(join(tmpdir(), 'tollgate-monitored-')),
    freePort(),
    createTestIssuer(),
    Promise.all([respond, respond, respond].map(startTarget)),
  ]);
  const [first, second, third] = targets.map(({ origin }) => origin);
  const file = join(folder, 'gateway.yaml');
  const config = {
    listen: `127.0.0.1:${port}`,
    admin: `127.0.0.1:${adminPort}`,
    redis: { ...redis, timeout: '500ms' },
    jwks_max_age: '1s',
    jwks_cache: false,
    revocation_cache: false,
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE, grants: ['*'] } },
    tokens: tokensIn(database),
    upstreams: { pair: { targets: [first, second] }, single: third },
    routes: [
      { match: 'GET /pair', upstream: 'pair', public: true, limit: 'none' },
      { match: 'GET /single/{what}', upstream: 'single', public: true, limit: 'none' },
      { match: '* /orders', upstream: 'pair', scope: 'orders:read', limit: '1000 per 1m' },
      { match: 'GET /limited', upstream: 'pair', public: true, limit: '1 per 1m' },
      { match: 'GET /shadow', upstream: 'pair', scope: 'others:read', shadow: true },
    ],
    ...more,
  };
  const write = (text: string): Promise<void> => writeFile(file, text);
  const [url, adminUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${adminPort}`];

  async function start(): Promise<RunningCommand> {
    const env = { TOLLGATE_ADMIN_TOKEN: ADMIN_TOKEN };
    const started = startCommand(['start', '-c', file], { cwd: folder, env });
    await started.until(/"admin":\{/);
    return started;
  }

  await write(JSON.stringify(config));
  let command = await start();
  await until(() => isOk(`${adminUrl}/readyz`), 20_000);
  const traffic = await startTraffic(url, adminUrl, issuer).catch(async (error: unknown) => {
    await command.close();
    throw error;
  });
  return {
    url,
    adminUrl,
    instance: `127.0.0.1:${adminPort}`,
    config,
    issuer,
    targets,
    stopTraffic: traffic,
    kill: () => command.close(),
    async start(changed) {
      await write(JSON.stringify(changed));
      command = await start();
    },
    write,
    async close() {
      await traffic();
      await command.close();
      await Promise.all([issuer.close(), ...targets.map((each) => each.stop())]);
      await rm(folder, { recursive: true });
    },
  };
}

/** `/single/late` breaks off in the middle; `/single/held` is never over. */
function respond({ url }: { url?: string | undefined }, response: ServerResponse): void {
  if (url === '/single/held') return;
  if (url !== '/single/late') return void response.end('ok');
  response.writeHead(200, { 'content-length': 100 }).write('a');
  setTimeout(() => response.destroy(), 20);
}

const isOk = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

/** Sends requests of every kind; the responses do not matter. @returns what ends it */
async function startTraffic(url: string, adminUrl: string, issuer: TestIssuer): Promise<() => Promise<void>> {
  const gate = { url, adminUrl } as Parameters<typeof makeApp>[0];
  const app = await makeApp(gate, { name: 'monitored', scopes: ['orders:read'] });
  const state = { isOver: false };
  const working = (async () => {
    for (let round = 0; !state.isOver; round++) {
      await Promise.allSettled([...requestsOf(url, issuer, round), ...tokenRequests(gate, app, round)]);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  })();
  return () => {
    state.isOver = true;
    return working;
  };
}

function requestsOf(url: string, issuer: TestIssuer, round: number): Promise<unknown>[] {
  const good = issuer.sign({ scope: 'orders:read' });
  const send = async (path: string, token?: string, method = 'GET'): Promise<void> => {
    const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }), connection: 'close' };
    await (await fetch(`${url}${path}`, { method, headers, signal: AbortSignal.timeout(5000) })).text();
  };
  return [
    ...['/pair', '/pair', '/single/a', '/single/late', '/limited', '/nowhere', '/orders'].map((path) =>
      send(path),
    ),
    ...['/orders', '/orders', '/orders', '/shadow'].map((path) => send(path, good)),
    send('/orders', good, 'POST'),
    send('/orders', issuer.sign({ scope: 'other' })),
    // One in nine.
    ...(round % 2 === 0 ? [send('/orders', `${good}x`)] : []),
  ];
}

function tokenRequests(gate: Parameters<typeof makeApp>[0], app: MadeApp, round: number): Promise<unknown>[] {
  const whoami = issueToken(gate, app).then((token) =>
    fetch(`${gate.url}/token/whoami`, { headers: { authorization: `Bearer ${token}` } }),
  );
  // Few enough that the address is not refused.
  const isWrong = round % 20 === 0;
  return isWrong ? [whoami, postForm(gate, '/auth/token', { key: 'unknown', secret: 'wrong' })] : [whoami];
}
