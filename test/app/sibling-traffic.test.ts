/** The traffic of all workers is the same at every time of asking, and from every worker that responds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SiblingTraffic, type ProcessTraffic } from '../../src/app/sibling-traffic.js';
import { BUCKET_MS, type TrafficBucket } from '../../src/telemetry/traffic-bucket.js';
import { Traffic } from '../../src/telemetry/traffic.js';
import { exchangeRecord } from '../telemetry/traffic-fixture.js';

const START = Date.UTC(2026, 10, 22, 10);
const RECORD = exchangeRecord({ route: 'GET /a', app: ['main', 'a'], status: 200, durationMs: 5 });

function openWorkers(count: number) {
  const clock = { ms: START };
  const now = (): number => clock.ms;
  const workers = Array.from({ length: count }, (_, at) => ({
    name: `w${at}`,
    traffic: new Traffic({ now }),
  }));
  const silent = new Set<number>();
  const asked: number[] = [];
  const collect = (from: number): Promise<readonly ProcessTraffic[]> => {
    asked.push(from);
    const all = workers.map(({ name, traffic }) => ({
      gateway: 'g',
      process: name,
      buckets: traffic.buckets(from),
    }));
    return Promise.resolve(all.filter((_, at) => !silent.has(at)));
  };
  return { clock, workers, silent, asked, collect, siblings: new SiblingTraffic({ collect, now }) };
}

const timesOf = (all: readonly ProcessTraffic[]): object =>
  all.map(({ process, buckets }) => [
    process,
    [...buckets].sort(byTime).map(({ at, cells }) => [at, [...cells]]),
  ]);
const byTime = (one: TrafficBucket, other: TrafficBucket): number => one.at - other.at;

const anyStep = fc.oneof(
  fc.record({ kind: fc.constant('request' as const), worker: fc.nat(2) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(3 * BUCKET_MS) }),
  fc.record({ kind: fc.constant('read' as const), minutes: fc.constantFrom(1, 15, 60) }),
  fc.record({ kind: fc.constant('silence' as const), worker: fc.nat(2), isSilent: fc.boolean() }),
  fc.record({ kind: fc.constant('restart' as const), worker: fc.nat(2) }),
);

describe('the traffic of all workers', () => {
  it('is always what those that respond have', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 60, size: 'max' }), async (steps) => {
        const { clock, workers, silent, collect, siblings } = openWorkers(3);
        for (const [at, step] of steps.entries()) {
          if (step.kind === 'request') {
            workers[step.worker]!.traffic.advance();
            workers[step.worker]!.traffic.add(RECORD);
          } else if (step.kind === 'wait') clock.ms += step.ms;
          else if (step.kind === 'restart')
            workers[step.worker] = { name: `new-${at}`, traffic: new Traffic({ now: () => clock.ms }) };
          else if (step.kind === 'silence') silent[step.isSilent ? 'add' : 'delete'](step.worker);
          else {
            siblings.forget();
            const from = Math.floor(clock.ms / BUCKET_MS) + 1 - 6 * step.minutes;
            expect(timesOf(await siblings.read(from))).toEqual(timesOf(await collect(from)));
          }
        }
      }),
    );
  });

  it('passes between the processes once, while the console goes on asking', async () => {
    const { clock, workers, asked, siblings } = openWorkers(2);
    const from = START / BUCKET_MS - 10;
    workers[0]!.traffic.add(RECORD);
    await siblings.read(from);
    clock.ms += 3 * BUCKET_MS;
    await siblings.read(from);
    expect(asked).toEqual([from, START / BUCKET_MS]);
    clock.ms += 70_000;
    siblings.forget();
    await siblings.read(from);
    expect(asked.at(-1)).toBe(from);
  });

  it('rejects where the primary does not respond, and works again afterwards', async () => {
    let isUp = false;
    const siblings = new SiblingTraffic({
      collect: () => (isUp ? Promise.resolve([]) : Promise.reject(new Error('ended'))),
      now: () => START,
    });
    await expect(siblings.read(0)).rejects.toThrow('ended');
    isUp = true;
    expect(await siblings.read(0)).toEqual([]);
  });
});
