/**
 * `npm run bench:start`: the time of the gateway from its start to its first response, against a process that
 * loads Express and responds. Both are started in turn; the ratio is computed round by round.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inBench, inRepository } from './paths.js';
import { startChild } from './environment/child.js';
import { startIssuer, AUDIENCE, ISSUER } from './environment/issuer.js';
import { freePort } from './environment/port.js';
import { startRedis } from './environment/redis.js';
import { configureGate } from './stacks/gate.js';
import type { StackContext } from './stacks/context.js';
import { spread } from './statistics.js';

const ROUNDS = 9;
const ASK_EVERY_MS = 5;

const folder = await mkdtemp(join(tmpdir(), 'tollgate-start-'));
const issuer = await startIssuer();
const redis = await startRedis(folder);
const upstreamPort = await freePort();
const upstream = await startChild('the service', expressAt(upstreamPort), () => responses(upstreamPort));
try {
  const context: StackContext = {
    upstream: `http://127.0.0.1:${upstreamPort}`,
    jwks: issuer.jwks,
    issuer: ISSUER,
    audience: AUDIENCE,
    scope: 'notarization:read',
    path: '/notarizations/stamps',
    limit: { requests: 10, windowS: 120 },
    redis: redis.url,
  };
  const gates: number[] = [];
  const expresses: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    expresses.push(await timeExpress());
    gates.push(await timeGate(context));
  }
  tell('loading Express and answering', spread(expresses), 'ms');
  tell('the gate, to its first answer through the upstream', spread(gates), 'ms');
  tell('ratio', spread(gates.map((ms, i) => ms / (expresses[i] ?? NaN))), '');
} finally {
  await upstream.stop();
  await redis.stop();
  issuer.stop();
  await rm(folder, { recursive: true, force: true });
}

async function timeExpress(): Promise<number> {
  const port = await freePort();
  return timeStart('Express', expressAt(port), port);
}

async function timeGate(context: StackContext): Promise<number> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = await configureGate({ port, adminPort, folder, name: 'start' }, {}, context);
  return timeStart(
    'the gate',
    [process.execPath, inRepository('dist/cli/main.js'), 'start', '-c', file],
    port,
  );
}

async function timeStart(name: string, command: readonly string[], port: number): Promise<number> {
  const startedAt = performance.now();
  const child = await startChild(name, command, () => responses(port), ASK_EVERY_MS);
  const took = performance.now() - startedAt;
  await child.stop();
  return took;
}

/** A route that needs no token, so that the response is the upstream's. */
async function responses(port: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}/status`)).status === 200;
}

function expressAt(port: number): readonly string[] {
  return [process.execPath, inBench('environment/express-process.js'), String(port)];
}

function tell(what: string, { median, least, most }: ReturnType<typeof spread>, unit: string): void {
  const digits = unit === '' ? 2 : 0;
  const [middle, low, high] = [median, least, most].map((value) => value.toFixed(digits));
  process.stdout.write(`${what}: ${middle} ${unit} (${low} to ${high}), ${ROUNDS} rounds\n`);
}
