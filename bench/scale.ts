/**
 * `npm run bench:scale`: the largest set-up that a small machine carries, four gateways with a cluster of three Redis
 * servers, and one gateway with one Redis beside it. Prints tables for docs/scale.md.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { setUpEnvironment, Started, type Environment } from './environment/environment.js';
import { startRedisCluster, type ClusterNode } from './environment/redis-cluster.js';
import { chooseLoad } from './load/load.js';
import { SCENARIOS } from './scenario.js';
import { measureCost } from './scale/cost.js';
import { measureExactness } from './scale/exact.js';
import { measureIdle } from './scale/idle.js';
import { measureKeyMemory } from './scale/memory.js';
import { costTable, idleText, exactText, memoryTable } from './scale/report.js';
import { startGateways, type Setup } from './scale/setup.js';

const GATEWAYS = 4;
const ROUNDS = 9;
const SECONDS = 2;
const EXACT = { limit: 500, apps: 20, sentPerApp: 1000 };
const MEMORY_APPS = 5000;

process.setMaxListeners(50);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const print = (text: string): void => void process.stdout.write(`\n${text}\n`);
const started = new Started();
try {
  const environment = await setUpEnvironment(SCENARIOS[0], started);
  // The administrator's credential of every gateway.
  process.env['TOLLGATE_DATA'] = environment.folder;
  await mkdir(join(environment.folder, 'cluster'));
  const nodes = await startRedisCluster(join(environment.folder, 'cluster'));
  for (const node of nodes) started.add(node);
  print(memoryTable(await reportMemory(environment)));
  print(exactText(await checkExactness(environment, nodes)));
  print(idleText(await watchIdle(environment, nodes)));
  print(costTable(await compareCosts(environment, nodes)));
} finally {
  await started.stop();
}

async function compareCosts(environment: Environment, nodes: readonly ClusterNode[]) {
  const cluster = nodes.map(({ address }) => address);
  const setups: Setup[] = [];
  for (const count of [1, GATEWAYS])
    for (const variant of [{}, { cluster }]) {
      const servers = 'cluster' in variant ? 'a cluster of 3' : 'one Redis';
      const name = `${count === 1 ? '1 gateway' : `${count} gateways`}, ${servers}`;
      const prefix = `${count}-${'cluster' in variant ? 'cluster' : 'single'}`;
      const gateways = await startGateways(environment, started, prefix, count, variant);
      const { pid, url } = environment.redis;
      const redis = 'cluster' in variant ? nodes : [{ pid, address: new URL(url).host }];
      setups.push({ name, gateways, redis });
    }
  return measureCost(setups, environment, chooseLoad(), { rounds: ROUNDS, seconds: SECONDS });
}

async function checkExactness(environment: Environment, nodes: readonly ClusterNode[]) {
  const own = new Started();
  try {
    const { limit, apps, sentPerApp } = EXACT;
    const cluster = nodes.map(({ address }) => address);
    const variant = { cluster, limit: `${limit} per 2m` };
    const gateways = await startGateways(environment, own, 'exact', GATEWAYS, variant);
    const tokens = await readTokens(environment, apps);
    return await measureExactness(gateways, environment.context.path, tokens, limit, sentPerApp);
  } finally {
    await own.stop();
  }
}

async function watchIdle(environment: Environment, nodes: readonly ClusterNode[]) {
  const shared = process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test';
  const name = `tollgate_scale_${process.pid}`;
  await runStatement(shared, `CREATE DATABASE ${name}`);
  const own = new Started();
  try {
    const url = new URL(shared);
    url.pathname = `/${name}`;
    const cluster = nodes.map(({ address }) => address);
    const variant = { cluster, database: url.href };
    await startGateways(environment, own, 'idle', GATEWAYS, variant);
    return await measureIdle(GATEWAYS, cluster, url.href);
  } finally {
    await own.stop();
    await runStatement(shared, `DROP DATABASE ${name} WITH (FORCE)`);
  }
}

async function reportMemory(environment: Environment) {
  const results = [];
  const scopes = [environment.context.scope];
  for (const [limit, counted] of [
    ['10 per 2m', 1],
    ['10 per 2m', 10],
    ['256 per 10m', 100],
    ['1000 per 10m', 100],
  ] as const) {
    const own = new Started();
    try {
      const name = `memory-${results.length}`;
      const [gateway] = await startGateways(environment, own, name, 1, { limit });
      const apps = counted === 100 ? MEMORY_APPS / 5 : MEMORY_APPS;
      const tokens = Array.from({ length: apps }, (_, i) =>
        environment.issuer.sign(`memory-app-${String(i).padStart(6, '0')}`, scopes),
      );
      const redis = new URL(environment.context.redis).host;
      const { path } = environment.context;
      results.push(await measureKeyMemory(gateway!, path, redis, tokens, limit, counted));
    } finally {
      await own.stop();
    }
  }
  return results;
}

async function readTokens({ tokensFile }: Environment, count: number): Promise<readonly string[]> {
  return (await readFile(tokensFile, 'utf8')).split('\n').slice(0, count);
}

async function runStatement(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
