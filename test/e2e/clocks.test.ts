/** One clock: replicas whose clocks differ by half a minute share one count, by the time of Redis. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCommand, type RunningCommand } from '../support/command.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import { bearer } from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const SHIFTS_MS = [-30_000, 0, 30_000];
const N = 10;

let issuer: TestIssuer;
let upstream: EchoUpstream;
let folder: string;
let gates: (RunningCommand & { url: string })[];
const prefix = randomPrefix();

beforeAll(async () => {
  issuer = await createTestIssuer();
  upstream = await startEchoUpstream((_req, res) => res.end('ok'));
  folder = await mkdtemp(join(tmpdir(), 'tollgate-clocks-'));
  const file = join(folder, 'gateway.yaml');
  const config = {
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    drain_timeout: '500ms',
    redis: { url: redisUrl(), key_prefix: prefix, timeout: '5s', on_failure: 'closed' },
    // Tokens are signed by this process's clock.
    issuers: {
      main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE, clock_skew: '2m' },
    },
    upstreams: { echo: upstream.origin },
    routes: [{ match: 'GET /things', upstream: 'echo', scope: 'a:read', limit: `${N} per 3s` }],
  };
  await writeFile(file, JSON.stringify(config));
  gates = await Promise.all(SHIFTS_MS.map((shiftMs) => start(file, shiftMs)));
});

afterAll(async () => {
  await Promise.all(gates.map((gate) => gate.close()));
  await Promise.all([issuer.close(), upstream.close(), rm(folder, { recursive: true }), removeKeys(prefix)]);
});

/** A gateway in a process whose clock is off by so much. */
async function start(file: string, shiftMs: number): Promise<RunningCommand & { url: string }> {
  const script = encodeURIComponent(`const now = Date.now; Date.now = () => now() + ${shiftMs};`);
  const command = startCommand(['start', '-c', file], {
    cwd: folder,
    env: {
      NODE_OPTIONS: `--import=data:text/javascript,${script}`,
      TOLLGATE_ADMIN_TOKEN: 'the-administrator-of-this-test',
    },
  });
  const [line, port] = await command.until(/^.*"address":\{[^}]*"port":(\d+)\}.*$/m);
  const told = new Date((JSON.parse(line) as { time: string | number }).time).getTime();
  expect(Math.abs(told - shiftMs - Date.now())).toBeLessThan(10_000);
  return { ...command, url: `http://127.0.0.1:${port}` };
}

async function ask(gate: number, app: string): Promise<{ status: number; retryAfterS: number }> {
  const response = await fetch(`${gates[gate % gates.length]!.url}/things`, {
    headers: bearer(issuer.sign({ scope: 'a:*', sub: app })),
  });
  await response.arrayBuffer();
  return { status: response.status, retryAfterS: Number(response.headers.get('retry-after')) };
}

const admittedOf = (responses: readonly { status: number }[]) =>
  responses.filter(({ status }) => status === 200).length;

it('with any clock offset, N of 60 concurrent requests are admitted, and another replica admits a caller after Retry-After', async () => {
  for (let round = 0; round < 3; round++) {
    const app = `app-${round}`;
    const crowd = await Promise.all(Array.from({ length: 60 }, (_, i) => ask(i, app)));
    expect(admittedOf(crowd)).toBe(N);
    const refused = await ask(round, app);
    expect(refused.status).toBe(429);
    expect(refused.retryAfterS).toBeGreaterThan(0);
    expect(refused.retryAfterS).toBeLessThanOrEqual(3);
    if (round > 0) continue;
    await sleep(refused.retryAfterS * 1000);
    expect((await ask(round + 1, app)).status).toBe(200);
  }
});
