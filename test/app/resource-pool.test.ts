/**
 * Resources kept across reloads: equal settings reuse a resource, others create one, and each is closed once,
 * in time.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createResourcePool, type ResourcePool, type Reuse } from '../../src/app/resource-pool.js';
import type { Log } from '../../src/model/log.js';

const GRACE_MS = 1000;

let pool: ResourcePool;
let closed: string[];
let warned: string[];

beforeEach(() => {
  vi.useFakeTimers();
  closed = [];
  warned = [];
  const note = (_fields: object, message: string): void => void warned.push(message);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  pool = createResourcePool({ log, graceMs: GRACE_MS });
});
afterEach(() => void vi.useRealTimers());

interface Thing {
  readonly id: string;
  work(): void;
}

function thing(id: string): Thing {
  return { id, work: () => undefined };
}

/** One generation that requests these resources, by name and settings. */
async function generation(asked: Record<string, unknown>): Promise<Record<string, Thing>> {
  const { reuse, commit } = pool.begin();
  const things: Record<string, Thing> = {};
  for (const [name, from] of Object.entries(asked)) things[name] = await ask(reuse, name, from);
  commit();
  return things;
}

function ask(keep: Reuse, name: string, from: unknown): Promise<Thing> {
  const id = `${name} of ${JSON.stringify(from)}`;
  return keep(
    name,
    from,
    () => thing(id),
    () => void closed.push(id),
  );
}

it('a generation that fails closes what was still being created when it failed', async () => {
  const { reuse, abort } = pool.begin();
  let opens = (): void => undefined;
  const late = new Promise<void>((resolve) => (opens = resolve));
  const makeLate = async (): Promise<Thing> => {
    await late;
    return thing('late');
  };
  const making = Promise.all([
    reuse('late', 1, makeLate, ({ id }) => void closed.push(id)),
    reuse('bad', 1, () => Promise.reject(new Error('cannot be opened'))),
  ]);
  await expect(making).rejects.toThrow('cannot be opened');
  const aborted = abort();
  opens();
  await aborted;
  expect(closed).toEqual(['late']);
});

describe('a next generation', () => {
  it('reuses what was created from equal settings, Maps and Sets included', async () => {
    const settings = () => ({ url: 'a', of: new Map([['x', new Set([1, 2])]]), absent: undefined });
    const before = await generation({ redis: settings() });
    const after = await generation({ redis: settings() });
    expect(after['redis']).toBe(before['redis']);
    vi.advanceTimersByTime(GRACE_MS);
    expect(closed).toEqual([]);
  });

  it('gets a new one if the settings differ, even only inside a Set', async () => {
    const before = await generation({ redis: { of: new Set([1]) } });
    const after = await generation({ redis: { of: new Set([2]) } });
    expect(after['redis']).not.toBe(before['redis']);
  });

  it('gets a new one if a dependency is another, however equal the two are', async () => {
    const [one, other] = [thing('connection'), thing('connection')];
    const first = await generation({ store: { on: one } });
    expect((await generation({ store: { on: one } }))['store']).toBe(first['store']);
    expect((await generation({ store: { on: other } }))['store']).not.toBe(first['store']);
  });

  it('can create the new one from the last one', async () => {
    await generation({ known: 1 });
    const { reuse } = pool.begin();
    const made = await reuse<Thing>('known', 2, (before) => thing(`after ${before?.id}`));
    expect(made.id).toBe('after known of 1');
  });
});

describe('an unused resource', () => {
  it('is closed once, after a grace period for requests in progress, the last created first', async () => {
    await generation({ a: 1, b: 1, c: 1 });
    await generation({ b: 1 });
    vi.advanceTimersByTime(GRACE_MS - 1);
    expect(closed).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(closed).toEqual(['c of 1', 'a of 1']);
    await pool.close();
    expect(closed).toEqual(['c of 1', 'a of 1', 'b of 1']);
  });

  it('is closed at once when the pool is', async () => {
    await generation({ a: 1 });
    await generation({ a: 2 });
    await pool.close();
    expect(closed.toSorted()).toEqual(['a of 1', 'a of 2']);
    vi.advanceTimersByTime(GRACE_MS);
    expect(closed).toHaveLength(2);
  });

  it('delays the close of the pool until its last exchange has ended', async () => {
    let endExchange = (): void => undefined;
    const { reuse, commit } = pool.begin();
    await reuse(
      'pool',
      1,
      () => 'a pool',
      () => new Promise<void>((resolve) => (endExchange = resolve)),
    );
    commit();
    await generation({});
    vi.advanceTimersByTime(GRACE_MS);
    let isOver = false;
    const ended = pool.close().then(() => (isOver = true));
    await vi.advanceTimersByTimeAsync(GRACE_MS);
    expect(isOver).toBe(false);
    endExchange();
    await ended;
  });

  it('is logged if it cannot be closed, and does not keep others from being closed', async () => {
    const { reuse, commit } = pool.begin();
    await ask(reuse, 'good', 1);
    await reuse(
      'bad',
      1,
      () => 'it',
      () => Promise.reject(new Error('no')),
    );
    commit();
    await pool.close();
    expect(closed).toEqual(['good of 1']);
    expect(warned).toEqual(['an unused resource could not be closed']);
  });
});

describe('a generation that fails', () => {
  it('leaves what it reused, and closes at once what it has created', async () => {
    const before = await generation({ kept: 1, changed: 1 });
    const { reuse, abort } = pool.begin();
    await ask(reuse, 'kept', 1);
    await ask(reuse, 'changed', 2);
    await ask(reuse, 'added', 1);
    await expect(reuse('failing', 1, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await abort();
    expect(closed).toEqual(['added of 1', 'changed of 2']);
    expect(await generation({ kept: 1, changed: 1 })).toEqual(before);
  });
});
