import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Revocation } from '../../src/model/revocation.js';
import {
  createRevocations,
  type RevocationSource,
  type Revocations,
} from '../../src/revocation/revocation.js';
import type { RevocationCache } from '../../src/revocation/revocation-cache.js';
import { RevokedSet } from '../../src/revocation/revoked-set.js';
import type { Position, Reader } from '../../src/revocation/source.js';
import { createRedisSource } from '../../src/revocation/redis-source.js';
import { passRealTime } from '../contract/limit-store.js';
import { readableLog, SILENT } from '../redis/logs.js';
import { afterwards, notifierOf, caller, connect, ownKey, revocation } from './support.js';

/** An in-process source whose responses can be delayed by a test. */
class HandSource implements RevocationSource {
  readonly name = 'by hand';
  mayForget = false;
  number = 1;
  all: Revocation[] = [];
  isUnavailable = false;
  reads = 0;
  #gate: Promise<void> | undefined;
  letGo: () => void = () => undefined;

  hold(): void {
    this.#gate = new Promise((resolve) => (this.letGo = resolve));
  }

  revision(): Promise<number | 'unavailable'> {
    return Promise.resolve(this.isUnavailable ? 'unavailable' : this.number);
  }

  async read(_since: Position | undefined, reader: Reader): Promise<Position | 'unavailable'> {
    this.reads += 1;
    if (this.isUnavailable) return 'unavailable';
    const found = { revision: this.number, epoch: '' };
    const all = [...this.all];
    await this.#gate;
    reader.startOver();
    reader.apply(all.map((each) => ({ isRemoved: false, revocation: each })));
    return found;
  }

  list(): Promise<readonly Revocation[]> {
    return Promise.resolve(this.all);
  }

  revoke(one: Revocation): Promise<'done' | 'unavailable'> {
    if (this.isUnavailable) return Promise.resolve('unavailable');
    this.all.push(one);
    this.number += 1;
    return Promise.resolve('done');
  }

  restore(issuer: string | undefined, app: string): Promise<boolean | 'unavailable'> {
    if (this.isUnavailable) return Promise.resolve('unavailable');
    const before = this.all.length;
    this.all = this.all.filter((one) => one.issuer !== issuer || one.id !== app);
    this.number += 1;
    return Promise.resolve(this.all.length < before);
  }
}

const PATIENCE_MS = 100;
const app = caller();

/** Runs the event loop, which no fake clock stops. */
async function turns(count = 0): Promise<void> {
  for (let i = 0; i <= count; i++) await nextTurn();
}

describe('the known revocations of a gateway', () => {
  let source: HandSource;
  let revocations: Revocations;
  let lines: string[];
  let cache: RevocationCache | undefined;

  function start(): void {
    const readable = readableLog();
    lines = readable.lines;
    revocations = createRevocations({
      source,
      notifier: undefined,
      log: readable.log,
      now: Date.now,
      maxWaitMs: PATIENCE_MS,
      cache,
    });
  }

  beforeEach(() => {
    vi.useFakeTimers();
    source = new HandSource();
    cache = undefined;
  });
  afterEach(async () => {
    await revocations.close();
    vi.useRealTimers();
  });

  it('are read at the start, and then only when their revision has changed', async () => {
    source.all = [revocation()];
    start();
    await revocations.attempted;
    expect(revocations.isRevoked(app)).toBe(true);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(source.reads).toBe(1);
    source.all = [];
    source.number = 7;
    await vi.advanceTimersByTimeAsync(499);
    expect(revocations.isRevoked(app)).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(revocations.isRevoked(app)).toBe(false);
    expect(source.reads).toBe(2);
  });

  it('stay in force while their source is unavailable, which is logged once', async () => {
    source.all = [revocation()];
    start();
    await revocations.attempted;
    source.isUnavailable = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(revocations.isRevoked(app)).toBe(true);
    expect(revocations.isKnown).toBe(true);
    source.isUnavailable = false;
    source.all = [];
    source.number = 2;
    await vi.advanceTimersByTimeAsync(200);
    expect(revocations.isRevoked(app)).toBe(false);
    expect(lines.filter((line) => !line.endsWith('were read'))).toEqual([
      'revocations cannot be read: the last known ones stay in use',
      'revocations can be read again',
    ]);
  });

  it('are unknown until they were read: until then every caller is refused, and no open exchange ends', async () => {
    source.isUnavailable = true;
    start();
    await revocations.attempted;
    expect([revocations.isKnown, revocations.refuses(app), revocations.isRevoked(app)]).toEqual([
      false,
      true,
      false,
    ]);
    expect([revocations.currentSet, revocations.page(0)]).toEqual([undefined, undefined]);
    source.isUnavailable = false;
    await vi.advanceTimersByTimeAsync(200);
    expect([revocations.isKnown, revocations.refuses(app)]).toEqual([true, false]);
  });

  it('are the stored ones while the source is unavailable at the start, and those of the source afterwards', async () => {
    const kept: (readonly [string, number])[] = [];
    cache = {
      load: () =>
        Promise.resolve({ revoked: new RevokedSet([revocation(), revocation({ id: 'old' })]), epoch: 'e' }),
      save: ({ revoked }) => void kept.push(['whole', revoked.size]),
      append: (changes) => void kept.push(['changes', changes.length]),
      close: () => Promise.resolve(),
    };
    source.isUnavailable = true;
    source.all = [revocation({ id: 'new' })];
    start();
    await revocations.attempted;
    expect([revocations.isKnown, revocations.isRevoked(app)]).toEqual([true, true]);
    expect(kept).toEqual([]);
    source.isUnavailable = false;
    await vi.advanceTimersByTimeAsync(200);
    expect(revocations.isRevoked(app)).toBe(false);
    expect(revocations.isRevoked(caller({ app: 'new' }))).toBe(true);
    expect(kept).toEqual([['whole', 1]]);
  });

  it('are removed when they have expired', async () => {
    source.all = [revocation({ kind: 'token', endsAtMs: Date.now() + 90_000 }), revocation()];
    start();
    await revocations.attempted;
    expect(revocations.currentSet?.size).toBe(2);
    await vi.advanceTimersByTimeAsync(60_000);
    await turns(revocations.currentSet?.parts);
    expect(revocations.currentSet?.size).toBe(2);
    // Expiry is rounded up to the minute.
    await vi.advanceTimersByTimeAsync(120_000);
    await turns(revocations.currentSet?.parts);
    expect(revocations.currentSet?.size).toBe(1);
  });

  it('are read again after a read that began before the change', async () => {
    source.hold();
    start();
    source.all.push(revocation());
    const after = revocations.publishRevision();
    const together = revocations.publishRevision();
    source.letGo();
    await revocations.attempted;
    expect(revocations.isRevoked(app)).toBe(false);
    await Promise.all([after, together]);
    expect(revocations.isRevoked(app)).toBe(true);
    expect(source.reads).toBe(2);
  });

  it('include a revocation or restoration made here when its call returns', async () => {
    start();
    expect(await revocations.revoke(revocation())).toBe('done');
    expect(revocations.isRevoked(app)).toBe(true);
    expect(await revocations.restore('partner', 'app-1')).toBe(false);
    expect(await revocations.restore('project', 'app-1')).toBe(true);
    expect(revocations.isRevoked(app)).toBe(false);
    source.isUnavailable = true;
    expect(await revocations.revoke(revocation())).toBe('unavailable');
    expect(await revocations.restore('project', 'app-1')).toBe('unavailable');
    expect(revocations.isRevoked(app)).toBe(false);
  });

  it('notify their listeners of each change, until they unsubscribe', async () => {
    start();
    await revocations.attempted;
    let told = 0;
    const stop = revocations.onChange(() => (told += 1));
    await revocations.revoke(revocation());
    expect(told).toBe(1);
    stop();
    await revocations.restore('project', 'app-1');
    expect(told).toBe(1);
  });

  it('are waited for when Redis returns a new revision, and only then', async () => {
    start();
    await revocations.onRevisionHint(5);
    const { reads } = source;
    expect(revocations.onRevisionHint(5)).toBeUndefined();
    source.all.push(revocation());
    const first = revocations.onRevisionHint(6);
    const second = revocations.onRevisionHint(6);
    expect(second).toBe(first);
    await first;
    expect(revocations.isRevoked(app)).toBe(true);
    expect(source.reads).toBe(reads + 1);
    await revocations.onRevisionHint(0);
    expect(source.reads).toBe(reads + 2);
  });

  it('are waited for at most for the timeout, once for each revision, and are read anyway', async () => {
    start();
    await revocations.attempted;
    source.hold();
    source.all.push(revocation());
    let waited = false;
    void revocations.onRevisionHint(6)?.then(() => (waited = true));
    await vi.advanceTimersByTimeAsync(PATIENCE_MS - 1);
    expect(waited).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(waited).toBe(true);
    expect(revocations.onRevisionHint(6)).toBeUndefined();
    expect(revocations.isRevoked(app)).toBe(false);
    source.letGo();
    await vi.advanceTimersByTimeAsync(0);
    expect(revocations.isRevoked(app)).toBe(true);
  });

  it('are not read after they are closed', async () => {
    source.hold();
    start();
    await revocations.close();
    source.all = [revocation()];
    source.letGo();
    await vi.advanceTimersByTimeAsync(5000);
    expect(source.reads).toBe(1);
    expect(revocations.isRevoked(app)).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the notifier', () => {
  it('tells other gateways at once what the next poll would tell them in half a second', async () => {
    const key = ownKey();
    const sources = await Promise.all(
      [1, 2].map(async () => {
        const connection = await connect();
        return {
          source: createRedisSource({ connection, key, name: 'test' }),
          notifier: notifierOf(connection, key),
        };
      }),
    );
    const [one, other] = sources.map(({ source, notifier }) => {
      const revocations = createRevocations({
        source,
        notifier,
        log: SILENT,
        now: Date.now,
        maxWaitMs: PATIENCE_MS,
      });
      afterwards(() => revocations.close());
      return revocations;
    });
    await Promise.all([one!.attempted, other!.attempted]);
    const tookMs: number[] = [];
    for (let turn = 0; turn < 15; turn++) {
      await passRealTime(40);
      const told = new Promise<void>((resolve) => {
        const stop = other!.onChange(() => {
          if (!other!.isRevoked(caller({ app: `app-${turn}` }))) return;
          stop();
          resolve();
        });
      });
      const start = performance.now();
      await one!.revoke(revocation({ id: `app-${turn}` }));
      await told;
      tookMs.push(performance.now() - start);
    }
    tookMs.sort((a, b) => a - b);
    console.log(`a revocation reaches the other gate in ${tookMs[7]!.toFixed(1)} ms (median)`);
    // Polling alone would take 250 ms.
    expect(tookMs[7]).toBeLessThan(120);
  });

  it('can publish without a change, for a change made elsewhere', async () => {
    const key = ownKey();
    const source = new HandSource();
    const notifiers = await Promise.all([1, 2].map(async () => notifierOf(await connect(), key)));
    const [one, other] = notifiers.map((notifier) => {
      const revocations = createRevocations({
        source,
        notifier,
        log: SILENT,
        now: Date.now,
        maxWaitMs: PATIENCE_MS,
      });
      afterwards(() => revocations.close());
      return revocations;
    });
    await passRealTime(100);
    source.all.push(revocation());
    await one!.publishRevision();
    expect(one!.isRevoked(app)).toBe(true);
    await expect.poll(() => other!.isRevoked(app), { timeout: 300, interval: 2 }).toBe(true);
  });

  it('ignores messages that are no revision', async () => {
    const key = ownKey();
    const connection = await connect();
    const heard: number[] = [];
    notifierOf(connection, key).subscribe((revision) => heard.push(revision));
    const publish = "return { redis.call('PUBLISH', KEYS[1], ARGV[1]) }";
    await expect.poll(async () => connection.runScript(publish, [key], ['1'])).toEqual([1]);
    for (const message of ['x', '1.5', '1e99', '2']) await connection.runScript(publish, [key], [message]);
    await expect.poll(() => heard).toEqual([1, 2]);
  });
});
