import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRegistrySource, type RevocationRegistry } from '../../src/revocation/registry-source.js';
import type { RevocationSource } from '../../src/revocation/source.js';
import { openRegistry } from '../../src/tokens/registry/open.js';
import type { Registry } from '../../src/tokens/registry/registry.js';
import { describeRevocationSource, Gate, readAll } from '../contract/revocation-source.js';
import { readableLog, SILENT } from '../redis/logs.js';
import { afterwards, revocation } from './support.js';

async function openSqlite(): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-revocation-'));
  const registry = await openRegistry({ kind: 'sqlite', path: join(folder, 'tollgate.db') }, { log: SILENT });
  afterwards(async () => {
    await registry.close();
    await rm(folder, { recursive: true });
  });
  return registry;
}

function sourceOf(registry: RevocationRegistry, now = () => 0): RevocationSource {
  return createRegistrySource({ registry, name: 'test', notifier: undefined, now, log: SILENT });
}

describeRevocationSource('the registry', async () => {
  const registry = await openSqlite();
  return [sourceOf(registry), sourceOf(registry)];
});

describe('the registry as a source of revocations', () => {
  afterEach(() => void vi.useRealTimers());

  it('does not return expired revocations', async () => {
    let nowMs = 99;
    const source = sourceOf(await openSqlite(), () => nowMs);
    await source.revoke(revocation({ kind: 'token', endsAtMs: 100 }));
    const sizes = async () => {
      const gate = new Gate(source);
      await gate.read();
      return [gate.known.size, (await readAll(source)).revocations.length];
    };
    expect(await sizes()).toEqual([1, 1]);
    nowMs = 100;
    expect(await sizes()).toEqual([0, 0]);
  });

  it('returns everything to a gateway that missed expired removals, or after a restore from a backup', async () => {
    const registry = await openSqlite();
    const day = 24 * 60 * 60_000;
    let nowMs = 0;
    const source = sourceOf(registry, () => nowMs);
    for (const id of ['a', 'b', 'c']) await source.revoke(revocation({ id }));
    const gate = new Gate(source);
    await gate.read();
    await source.restore('project', 'a');
    nowMs = day - 1;
    await registry.deleteExpired(nowMs);
    await gate.read();
    expect([gate.wholes, gate.ids()]).toEqual([1, ['b', 'c']]);
    await source.restore('project', 'b');
    await registry.deleteExpired(2 * day);
    await gate.read();
    expect([gate.wholes, gate.ids()]).toEqual([2, ['c']]);
    gate.position = { revision: 99, epoch: '' };
    await gate.read();
    expect([gate.wholes, gate.ids()]).toEqual([3, ['c']]);
  });

  it('notifies after a change is recorded, and only then', async () => {
    const registry = await openSqlite();
    const rung: number[] = [];
    const notifier = { publish: async () => void rung.push(await registry.revision()) };
    const source = createRegistrySource({ registry, name: 'test', notifier, now: () => 0, log: SILENT });
    const start = await registry.revision();
    await source.revoke(revocation());
    expect(rung).toEqual([start + 1]);
    await source.restore('project', 'app-1');
    expect(rung).toEqual([start + 1, start + 2]);
    await source.restore('project', 'app-1');
    expect(rung).toHaveLength(2);
  });

  it('is unavailable if the registry fails, which is logged once until it responds', async () => {
    let failing = true;
    const response = async <T>(value: T): Promise<T> => {
      if (failing) throw new Error('connection refused');
      return Promise.resolve(value);
    };
    const registry: RevocationRegistry = {
      revoke: () => response(undefined),
      restore: () => response(true),
      revocations: () => response([]),
      revocationChanges: (since) => response({ changes: [], upTo: since, isLast: true }),
      revocationPage: () => response({ revocations: [], next: undefined }),
      revision: () => response(1),
    };
    const { log, lines } = readableLog();
    let rung = 0;
    const notifier = { publish: () => Promise.resolve(void (rung += 1)) };
    const source = createRegistrySource({ registry, name: 'test', notifier, now: () => 0, log });
    expect(await source.revision()).toBe('unavailable');
    expect(await new Gate(source).read()).toBe('unavailable');
    expect(await source.list()).toBe('unavailable');
    expect(await source.revoke(revocation())).toBe('unavailable');
    expect(await source.restore(undefined, 'x')).toBe('unavailable');
    expect([lines.length, rung]).toEqual([1, 0]);
    failing = false;
    expect(await source.revision()).toBe(1);
    failing = true;
    expect(await source.revision()).toBe('unavailable');
    expect(lines).toHaveLength(2);
  });

  it('is unavailable after five seconds if the registry never responds', async () => {
    vi.useFakeTimers();
    const never = () => new Promise<never>(() => undefined);
    const source = sourceOf({
      revoke: never,
      restore: never,
      revocations: never,
      revocationChanges: never,
      revocationPage: never,
      revision: never,
    });
    let response: unknown;
    void new Gate(source).read().then((result) => (response = result));
    await vi.advanceTimersByTimeAsync(4999);
    expect(response).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(response).toBe('unavailable');
  });
});
