import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRegistry } from '../../../src/tokens/registry/open.js';
import { describeRegistry } from '../../contract/registry.js';
import { app, NOW } from '../../contract/registry/samples.js';
import { SILENT } from '../../redis/logs.js';
import { freePort } from '../../support/redis.js';
import { createDatabase, type OwnDatabase } from '../../support/postgres.js';
import { openingAt } from './places.js';

let database: OwnDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

describeRegistry('PostgreSQL', async () => {
  const url = await database.createSchema();
  return openingAt({ kind: 'postgres', url });
});

describe('PostgreSQL that becomes unavailable', () => {
  it('a registry that cannot be reached is not opened', async () => {
    const url = `postgres://root@127.0.0.1:${await freePort()}/test`;
    await expect(openRegistry({ kind: 'postgres', url }, { log: SILENT })).rejects.toThrow(
      'the registry cannot be opened: connect ECONNREFUSED',
    );
  });

  it('a search path without a schema is a clear error', async () => {
    const url = new URL(database.url);
    url.searchParams.set('options', '-c search_path=nowhere');
    await expect(openRegistry({ kind: 'postgres', url: url.href }, { log: SILENT })).rejects.toThrow(
      "PostgreSQL's search_path names no schema that exists",
    );
  });

  it('a registry of a later version is left unchanged', async () => {
    const url = await database.createSchema();
    const place = openingAt({ kind: 'postgres', url });
    await place.open();
    const schema = new URL(url).searchParams.get('options')!.split('=')[1]!;
    await database.query(`INSERT INTO ${schema}.tollgate_migrations VALUES ('999-later', '2999-01-01')`);
    await expect(place.open()).rejects.toThrow(/^the registry cannot be opened: .*999-later is missing/);
    await place.close();
  });

  it('connections that the server ends, idle or in use, fail at most their calls, and the next call works', async () => {
    const warnings: object[] = [];
    const log = { ...SILENT, warn: (fields: object) => void warnings.push(fields) };
    const url = await database.createSchema();
    const registry = await openRegistry({ kind: 'postgres', url }, { log });
    const kill = () =>
      database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'tollgate' AND datname = current_database()`,
      );
    await registry.createApp(app());
    await kill();
    while (warnings.length === 0) await sleep(5);
    const known = new Set<string>();
    for (let round = 0; round < 5; round++) {
      const apps = Array.from({ length: 20 }, () => app());
      const created = apps.map((one) => registry.createApp(one).then(() => known.add(one.key)));
      await Promise.all([kill(), Promise.allSettled(created)]);
    }
    const keys = (await registry.listApps().catch(() => registry.listApps())).map(({ key }) => key);
    expect([...known].every((key) => keys.includes(key))).toBe(true);
    expect(warnings[0]).toHaveProperty('reason');
    await registry.close();
  });

  it('a server that stops responding fails a call in time, and its transaction is not committed by another', async () => {
    const url = new URL(await database.createSchema());
    const wire = await createWire(url);
    // Long enough for a busy machine to open the registry in.
    const patienceMs = 1000;
    const registry = await openRegistry(
      { kind: 'postgres', url: wire.url },
      { log: SILENT, timeoutMs: patienceMs },
    );
    const one = app();
    await registry.createApp(one);
    wire.cutAfter('UPDATE');
    const started = performance.now();
    await expect(registry.deleteApp(one.key, NOW, ['tokens'])).rejects.toThrow();
    expect(performance.now() - started).toBeLessThan(3 * patienceMs);
    wire.mend();
    expect(await registry.findApp(one.key)).toEqual(one);
    expect(await registry.revocations(NOW)).toEqual([]);
    expect(await registry.deleteApp(one.key, NOW, ['tokens'])).toBe(true);
    await registry.close();
    wire.close();
  });
});

/** A proxy between a gateway and its PostgreSQL that can silently stall connections. */
async function createWire(to: URL) {
  let word: string | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(to.port), to.hostname);
    let silent = false;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.on('data', (data) => {
      // The request still arrives; its response does not.
      far.write(data);
      if (word !== undefined && data.toString('latin1').toUpperCase().includes(word)) silent = true;
    });
    far.on('data', (data) => {
      if (!silent) near.write(data);
    });
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(to);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    cutAfter(said: string) {
      word = said;
    },
    mend() {
      word = undefined;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
