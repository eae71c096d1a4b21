import { describe, expect, it } from 'vitest';
import { createPick, type Candidate } from '../../src/forward/balance.js';

class Fake implements Candidate {
  constructor(
    public load = 0,
    public part = 1,
  ) {}

  weight(): number {
    return this.part;
  }
}

const three = (): Fake[] => [new Fake(), new Fake(), new Fake()];

/** How often each is picked. */
function count(pick: (among: readonly Fake[]) => Fake | undefined, among: readonly Fake[], times: number) {
  const counts = new Map(among.map((each) => [each, 0]));
  for (let turn = 0; turn < times; turn += 1) {
    const picked = pick(among);
    if (picked) counts.set(picked, (counts.get(picked) ?? 0) + 1);
  }
  return [...counts.values()];
}

describe('Round-robin', () => {
  it('picks the targets in rotation, in the same order every time', () => {
    const among = three();
    const pick = createPick<Fake>('round-robin');
    const first = [pick(among), pick(among), pick(among)];
    expect(new Set(first)).toEqual(new Set(among));
    for (const each of first) expect(pick(among)).toBe(each);
  });

  it('ignores the load', () => {
    const among = [new Fake(1000), new Fake(), new Fake()];
    expect(count(createPick('round-robin'), among, 300)).toEqual([100, 100, 100]);
  });

  it('picks a target with half the weight half as often, evenly spread', () => {
    const among = [new Fake(0, 0.5), new Fake(), new Fake()];
    const pick = createPick<Fake>('round-robin');
    expect(count(pick, among, 500)).toEqual([100, 200, 200]);
    const [slow] = count(pick, among, 50);
    expect(slow).toBeGreaterThanOrEqual(9);
    expect(slow).toBeLessThanOrEqual(11);
  });

  it('gives no compensation to a target that was unavailable', () => {
    const among = three();
    const pick = createPick<Fake>('round-robin');
    count(pick, among.slice(1), 1000);
    const [back] = count(pick, among, 30);
    expect(back).toBeGreaterThanOrEqual(10);
    expect(back).toBeLessThanOrEqual(11);
  });

  it('picks nothing from an empty list', () => {
    expect(createPick('round-robin')([])).toBeUndefined();
  });
});

describe('Least-requests', () => {
  it('picks the target with the fewest exchanges', () => {
    const among = [new Fake(3), new Fake(1), new Fake(2)];
    expect(count(createPick('least-requests'), among, 10)).toEqual([0, 10, 0]);
  });

  it('rotates between equal targets, even if another one is always busier', () => {
    const among = [new Fake(5), new Fake(1), new Fake(1)];
    expect(count(createPick('least-requests'), among, 100)).toEqual([0, 50, 50]);
  });

  it('fills a target with a partial weight up to that part', () => {
    const among = [new Fake(0, 0.25), new Fake()];
    const pick = createPick<Fake>('least-requests');
    for (let turn = 0; turn < 100; turn += 1) {
      const picked = pick(among);
      if (picked) picked.load += 1;
    }
    expect(among.map(({ load }) => load)).toEqual([20, 80]);
  });
});
