import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { RegistryLocation } from '../../../src/model/tokens.js';
import { openRegistry } from '../../../src/tokens/registry/open.js';
import { SILENT } from '../../redis/logs.js';
import { createDatabase } from '../../support/postgres.js';

const GATE = fileURLToPath(new URL('crash.mjs', import.meta.url));
const CRASHES = 6;

/** What a gateway acknowledged before it was killed. */
interface Output {
  readonly created: readonly string[];
  readonly deleted: readonly string[];
  /** Begun but not acknowledged: both states are correct. */
  readonly begun: string | undefined;
}

async function runAndKill(location: RegistryLocation, afterMs: number): Promise<Output> {
  const gate = spawn(process.execPath, [GATE, JSON.stringify(location)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  gate.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  while (!output.includes('ready')) {
    if (gate.exitCode !== null) throw new Error(`the gate ended with ${gate.exitCode}`);
    await sleep(5);
  }
  await sleep(afterMs);
  gate.kill('SIGKILL');
  await once(gate, 'close');
  const lines = output.split('\n').map((line) => line.split(' '));
  const keysOf = (action: string) =>
    lines.flatMap(([what, which, key]) => (what === 'has' && which === action ? key! : []));
  const [what, , key] = lines.at(-2)!;
  return {
    created: keysOf('created'),
    deleted: keysOf('deleted'),
    begun: what === 'begins' ? key : undefined,
  };
}

/**
 * Kills gateways at various times; after each, the registry has exactly the acknowledged changes, and nothing
 * partial.
 */
async function crashRepeatedly(location: RegistryLocation): Promise<void> {
  const created = new Set<string>();
  const deleted = new Set<string>();
  const uncertain = new Set<string>();
  for (let crash = 0; crash < CRASHES; crash++) {
    const said = await runAndKill(location, 20 + crash * 31);
    for (const key of said.created) created.add(key);
    for (const key of said.deleted) deleted.add(key);
    if (said.begun !== undefined) uncertain.add(said.begun);

    const registry = await openRegistry(location, { log: SILENT });
    const living = new Set((await registry.listApps()).map(({ key }) => key));
    const revocations = await registry.revocations(Date.now());
    await registry.close();

    const known = [...created].filter((key) => !uncertain.has(key));
    expect([...living].filter((key) => !uncertain.has(key)).sort()).toEqual(
      known.filter((key) => !deleted.has(key)).sort(),
    );
    for (const key of [...created, ...uncertain]) {
      const issuers = revocations.filter(({ id }) => id === key).map(({ issuer }) => issuer);
      // Deleted at both issuers or at none, and never beside an existing app.
      if (living.has(key)) expect(issuers).toEqual([]);
      else if (created.has(key)) expect(issuers.sort()).toEqual(['named', 'tokens']);
      else expect(issuers).toEqual([]);
    }
  }
  expect(deleted.size).toBeGreaterThan(CRASHES);
}

describe('a gateway that is killed in the middle of its work', () => {
  it('leaves in SQLite exactly what it had acknowledged', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tollgate-crash-'));
    await crashRepeatedly({ kind: 'sqlite', path: join(folder, 'tollgate.db') });
    await rm(folder, { recursive: true, force: true });
  });

  it('leaves in PostgreSQL exactly what it had acknowledged', { timeout: 60_000 }, async () => {
    const database = await createDatabase();
    try {
      await crashRepeatedly({ kind: 'postgres', url: database.url });
    } finally {
      await database.drop();
    }
  });
});
