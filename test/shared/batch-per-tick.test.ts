import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { batchPerTick } from '../../src/shared/batch-per-tick.js';

it('Items of one tick are flushed at its end, together and in order', async () => {
  const handed: (readonly string[])[] = [];
  const take = batchPerTick<string>((items) => handed.push(items));
  take('a');
  await Promise.resolve();
  take('b');
  expect(handed).toEqual([]);
  await turn();
  expect(handed).toEqual([['a', 'b']]);
});

it('Items added during a flush are flushed in the next tick', async () => {
  const handed: (readonly number[])[] = [];
  const take = batchPerTick<number>((items) => {
    handed.push(items);
    if (items[0] !== 3) take(items[0]! + 1);
  });
  take(1);
  await turn();
  expect(handed).toEqual([[1]]);
  await turn();
  await turn();
  await turn();
  expect(handed).toEqual([[1], [2], [3]]);
});
