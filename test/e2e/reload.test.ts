/**
 * Reload: under load it fails no request, loses no count and cuts no stream, and an invalid file changes
 * nothing.
 */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, createServer, get as httpGet, type IncomingMessage, type Server } from 'node:http';
import { Agent as TlsAgent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createAuthority } from '../support/certificates.js';
import { ADMIN_TOKEN, startGate, type Config, type TestGate } from '../support/gate.js';
import { openRaw } from '../support/raw.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, startRawUpstream, type EchoUpstream } from '../support/upstream.js';

const CLIENTS = 16;

let folder: string;
let issuer: TestIssuer;
let service: Server;
let origin: string;
let other: EchoUpstream;
let gate: TestGate;
const held: (() => void)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-reload-'));
  issuer = await createTestIssuer();
  other = await startEchoUpstream((_req, res) => res.end('the other service'));
  service = createServer((req, res) => {
    if (req.url === '/held') held.push(() => res.end('held'));
    else if (req.url === '/stream')
      res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
    else setTimeout(() => res.end('the service'), 2);
  });
  new WebSocketServer({ server: service }).on('connection', (socket) =>
    socket.on('message', (message) => socket.send(message)),
  );
  await once(service.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
});

afterAll(async () => {
  service.closeAllConnections();
  service.close();
  await Promise.all([issuer.close(), other.close(), rm(folder, { recursive: true })]);
});

beforeEach(() => void held.splice(0));
afterEach(() => gate.stop());

const LIMITED = { match: 'GET /limited', upstream: 'service', public: true, limit: '100 per 1h' } as const;

function configOf(changes: Partial<Config> = {}): Config {
  return {
    upstreams: { service: origin },
    routes: [
      { match: 'GET /{path}', upstream: 'service', public: true, limit: 'none' },
      LIMITED,
      { match: 'GET /stream', upstream: 'service', scope: 'a:read', limit: 'none' },
    ],
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    ...changes,
  };
}

function get(agent: Agent, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    httpGet({ host: '127.0.0.1', port: gate.port, path, agent }, (response) => {
      response.resume().once('error', reject);
      response.once('end', () => resolve(response.statusCode ?? 0));
    }).once('error', reject);
  });
}

async function textAt(path: string): Promise<string> {
  const answer = await fetch(gate.url + path);
  return `${answer.status} ${answer.ok ? await answer.text() : ''}`.trim();
}

async function metric(name: string): Promise<string | undefined> {
  const text = await (await fetch(`${gate.adminUrl}/metrics`)).text();
  return text
    .split('\n')
    .find((line) => line.startsWith(`tollgate_${name} `))
    ?.split(' ')[1];
}

interface Load {
  /** Number of responses of each status, and errors by their text. */
  readonly counts: Map<string, number>;
  readonly stop: () => Promise<void>;
}

/** Keep-alive clients that send requests continuously, cycling through the paths. */
function load(...paths: readonly string[]): Load {
  const counts = new Map<string, number>();
  let isOver = false;
  const clients = Array.from({ length: CLIENTS }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; !isOver; i++) {
      const path = paths[i % paths.length] ?? '';
      const found = await get(agent, path).then(String, String);
      counts.set(`${path} ${found}`, (counts.get(`${path} ${found}`) ?? 0) + 1);
    }
    agent.destroy();
  });
  return {
    counts,
    async stop() {
      isOver = true;
      await Promise.all(clients);
    },
  };
}

async function openSocket(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${gate.port}/socket`);
  await once(socket, 'open');
  return socket;
}

async function echoOn(socket: WebSocket, text: string): Promise<string> {
  socket.send(text);
  const [message] = (await once(socket, 'message')) as [Buffer];
  return message.toString();
}

describe('20 reloads under load', () => {
  it.each(['memory', 'Redis'])(
    'fail no request, admit exactly the limit with counts in %s, and leave a WebSocket open',
    async (where) => {
      const prefix = randomPrefix();
      // Independent of a slow machine: a request not counted in Redis shows as a 503.
      const redis = { url: redisUrl(), key_prefix: prefix, timeout: '5s', on_failure: 'closed' } as const;
      const store = where === 'Redis' ? { redis } : {};
      gate = await startGate(configOf(store));
      const socket = await openSocket();
      const { counts, stop } = load('/free', '/limited');
      for (let i = 0; i < 20; i++) {
        // The counted part of the limited route stays; the rest changes at each reload.
        const changed = configOf({
          ...store,
          token_cache: 100 + i,
          limits: { max_keys: 1000 + i },
          upstreams: { service: i % 3 === 0 ? { targets: [origin], timeout: '20s' } : origin },
          routes: [LIMITED, { match: `GET /{path}`, upstream: 'service', public: true, limit: 'none' }],
        });
        expect(await gate.reload(changed)).toBe(true);
        await sleep(25);
      }
      while ((counts.get('/limited 429') ?? 0) === 0) await sleep(10);
      await stop();
      expect([...counts.keys()].toSorted()).toEqual(['/free 200', '/limited 200', '/limited 429']);
      expect(counts.get('/limited 200')).toBe(100);
      expect(await echoOn(socket, 'still here')).toBe('still here');
      expect(await metric('config_reloads_total{result="success"}')).toBe('20');
      socket.close();
      await removeKeys(prefix);
    },
    30_000,
  );
});

describe('an invalid file', () => {
  it('changes nothing under load, and is reported in the log, with every problem, and in the metrics', async () => {
    const file = join(folder, 'bad.log');
    const log = { level: 'info', file } as const;
    gate = await startGate(configOf({ log }));
    const { counts, stop } = load('/free');
    const bad = { ...configOf({ log }), nonsense: 1, routes: [{ ...LIMITED, upstream: 'nobody' }] };
    expect(await gate.reload(bad as unknown as Config)).toBe(false);
    expect(await metric('config_last_reload_successful')).toBe('0');
    expect(await metric('config_reloads_total{result="failure"}')).toBe('1');
    expect(await textAt('/free')).toBe('200 the service');
    expect(await gate.reload(configOf({ log }))).toBe(true);
    expect(await metric('config_last_reload_successful')).toBe('1');
    await stop();
    expect([...counts.keys()]).toEqual(['/free 200']);
    while (!(await readFile(file, 'utf8')).includes('stays in force')) await sleep(50);
    const line =
      (await readFile(file, 'utf8')).split('\n').find((one) => one.includes('reload failed')) ?? '';
    const { level, problems } = JSON.parse(line) as { level: string; problems: string[] };
    expect([level, problems.length]).toEqual(['error', 2]);
    expect(problems.join()).toMatch(/nonsense.*nobody|nobody.*nonsense/);
  });
});

describe('an unusable Redis', () => {
  it.each([
    ['with a database that is no number', 'redis://127.0.0.1:6379/staging', false],
    ['with an option of the client in its URL', 'redis://127.0.0.1:6379?db=staging', false],
    ['with half a password before a slash', 'redis://:12/34@127.0.0.1:6379', false],
    ['whose name is unknown', 'redis://no-such-host.invalid:6379', true],
    ['where nobody listens', 'redis://127.0.0.1:1/3', true],
  ])('%s does not stop the gateway, and the next file takes effect', async (_what, redis, isInForce) => {
    gate = await startGate(configOf());
    expect(await gate.reload(configOf({ redis }))).toBe(isInForce);
    // The client reconnects after 50 ms.
    await sleep(150);
    expect(await textAt('/free')).toBe('200 the service');
    expect(await gate.reload(configOf())).toBe(true);
    expect(await textAt('/free')).toBe('200 the service');
  });
});

describe('a reload', () => {
  it('opens a new upstream, and removes a route without affecting its requests in progress', async () => {
    gate = await startGate(configOf());
    const late = textAt('/held');
    while (held.length === 0) await sleep(5);
    const socket = await openSocket();
    const routes = [{ match: 'GET /new', upstream: 'other', public: true, limit: 'none' }] as const;
    expect(await gate.reload(configOf({ upstreams: { other: other.origin }, routes: [...routes] }))).toBe(
      true,
    );
    expect(await textAt('/new')).toBe('200 the other service');
    expect(await textAt('/free')).toBe('404');
    held.pop()?.();
    expect(await late).toBe('200 held');
    expect(await echoOn(socket, 'of a route that is gone')).toBe('of a route that is gone');
    socket.close();
  });

  it('keeps the keys of an issuer that has become unavailable, and keeps the counts where N has changed', async () => {
    const own = await createTestIssuer();
    const issuers = { main: { issuer: own.iss, jwks: own.jwksUrl, audience: AUDIENCE } };
    const scoped = { match: 'GET /mine', upstream: 'service', scope: 'a:read' } as const;
    gate = await startGate(configOf({ issuers, routes: [{ ...scoped, limit: '2 per 1h' }] }));
    const authorization = `Bearer ${own.sign({ scope: 'a:read' })}`;
    const ask = () => fetch(`${gate.url}/mine`, { headers: { authorization } }).then(({ status }) => status);
    expect(await ask()).toBe(200);
    await own.close();
    const next = { ...issuers.main, clock_skew: '20s', grants: ['a:*'] };
    expect(
      await gate.reload(configOf({ issuers: { main: next }, routes: [{ ...scoped, limit: '3 per 1h' }] })),
    ).toBe(true);
    expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 429]);
  });

  it('leaves an event stream open, which ends when its caller is revoked under the new file', async () => {
    const prefix = randomPrefix();
    const redis = { url: redisUrl(), key_prefix: prefix };
    gate = await startGate(configOf({ redis }));
    const token = issuer.sign({ scope: 'a:read', sub: 'app-to-go' });
    const stream = openRaw(
      gate.port,
      `GET /stream HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    await stream.until('data: 1');
    // Another timeout means another connection to Redis, and so another revocation subscription.
    expect(await gate.reload(configOf({ redis: { ...redis, timeout: '150ms' } }))).toBe(true);
    const revoked = await fetch(`${gate.adminUrl}/api/revocations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ app: 'app-to-go', issuer: 'main' }),
    });
    expect(revoked.status).toBe(201);
    await stream.ended;
    await removeKeys(prefix);
  });

  it('presents a new certificate to new connections, and leaves open ones unchanged', async () => {
    const authority = createAuthority();
    const [one, two] = [authority.issue('one'), authority.issue('two')];
    const listenWith = ({ certFile: cert, keyFile: key }: typeof one) => ({
      listen: { host: '127.0.0.1', port: 0, tls: { cert, key } },
    });
    gate = await startGate(configOf(listenWith(one)));
    const seen = async (agent?: TlsAgent) => {
      const asked = request(`${gate.url}/free`, { ca: authority.cert, agent: agent ?? false }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      const { socket } = response;
      const name = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : undefined;
      await response.resume().toArray();
      return name;
    };
    const kept = new TlsAgent({ keepAlive: true, maxSockets: 1 });
    expect(await seen(kept)).toBe('one');
    expect(await gate.reload(configOf(listenWith(two)))).toBe(true);
    expect([await seen(), await seen(kept)]).toEqual(['two', 'one']);
    kept.destroy();
    authority.close();
  });

  it('is abandoned when a drain begins, and the drain completes', async () => {
    gate = await startGate(configOf());
    // Accepts connections and sends nothing: connecting lasts until its timeout.
    const silent = await startRawUpstream(() => undefined);
    const reloading = gate.reload(configOf({ redis: `redis://127.0.0.1:${silent.port}` }));
    while (silent.open.size === 0) await sleep(5);
    const stopping = gate.stop();
    expect(await Promise.race([reloading, sleep(10_000, 'hangs')])).toBe(false);
    expect(await Promise.race([stopping, sleep(10_000, 'hangs')])).toBeUndefined();
    expect(await gate.reload(configOf())).toBe(false);
    while (silent.open.size > 0) await sleep(5);
    await silent.close();
    gate = await startGate(configOf());
  });
});
