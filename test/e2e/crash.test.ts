/** A gate that is killed while apps are made and deleted over its API: what it acknowledged is there at the next start. */
import { expect, it } from 'vitest';
import { startCommand } from '../support/command.js';
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

it('Killed at any moment, it has every app that it acknowledged and none whose end it acknowledged', async () => {
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
        // From here on either is right, until the answer comes.
        alive.delete(key);
        const { status } = await gate.ask('DELETE', `/api/apps/${key}`);
        expect(status).toBe(204);
        deleted.add(key);
      }
    };
    // A request that the kill cuts off was not acknowledged.
    const working = Promise.allSettled([work(), work(), work()]);
    await new Promise((resolve) => setTimeout(resolve, 150 + 130 * round));
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
