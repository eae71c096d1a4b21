/**
 * A gateway is killed while apps are created and deleted over its API: after a restart every acknowledged
 * change is there.
 */
import { expect, it } from 'vitest';
import { startCommand } from '../support/command.js';
import { until } from '../support/until.js';
import { createDatabaseFile, tokensIn, writeConfig } from '../support/token-gate.js';

const ROUNDS = Number(process.env['TOLLGATE_CRASH_ROUNDS'] ?? 4);
const ADMIN_TOKEN = 'the-administrator-of-this-test';

interface StartedGate {
  ask(method: string, path: string, body?: object): Promise<Response>;
  kill(): Promise<void>;
}

async function start(file: string, cwd: string): Promise<StartedGate> {
  const command = startCommand(['start', '-c', file], { cwd, env: { TOLLGATE_ADMIN_TOKEN: ADMIN_TOKEN } });
  const [, port] = await command.until(/"admin":\{[^}]*"port":(\d+)\}/);
  return {
    ask: (method, path, body) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      }),
    kill: () => command.close(),
  };
}

it('A gateway killed at any moment keeps every acknowledged app, and no app whose deletion was acknowledged', async () => {
  const registry = await createDatabaseFile();
  const file = await writeConfig(registry.folder, { tokens: tokensIn(registry.database) });
  const alive = new Set<string>();
  const deleted = new Set<string>();

  for (let round = 0; round < ROUNDS; round += 1) {
    const gate = await start(file, registry.folder);
    let isKilled = false;
    const work = async (): Promise<void> => {
      for (let step = 0; !isKilled; step += 1) {
        const made = await gate.ask('POST', '/api/apps', { name: `app ${step}`, scopes: ['a:read'] });
        const { key } = (await made.json()) as { key: string };
        alive.add(key);
        if (step % 2 === 0) continue;
        // From here on, both states are correct until the response arrives.
        alive.delete(key);
        const { status } = await gate.ask('DELETE', `/api/apps/${key}`);
        expect(status).toBe(204);
        deleted.add(key);
      }
    };
    // A request interrupted by the kill was not acknowledged.
    const working = Promise.allSettled([work(), work(), work()]);
    await new Promise((resolve) => setTimeout(resolve, 150 + 130 * round));
    await until(() => Math.min(alive.size, deleted.size) >= 2 * (round + 1));
    await gate.kill();
    isKilled = true;
    await working;
  }

  const gate = await start(file, registry.folder);
  const { apps } = (await (await gate.ask('GET', '/api/apps')).json()) as { apps: { key: string }[] };
  await gate.kill();
  await registry.remove();
  const found = new Set(apps.map(({ key }) => key));
  expect(alive.size).toBeGreaterThan(ROUNDS);
  expect(deleted.size).toBeGreaterThan(ROUNDS);
  expect([...alive].filter((key) => !found.has(key))).toEqual([]);
  expect([...deleted].filter((key) => found.has(key))).toEqual([]);
}, 60_000);
