import { expect, it } from 'vitest';
import { Batch } from '../../src/telemetry/batch.js';

function createBatch(mostBytes: number): { batch: Batch; written: string[] } {
  const written: string[] = [];
  return { batch: new Batch(mostBytes, (text) => written.push(text)), written };
}

it('A batch has whole lines, in order, and at most the maximum of bytes', () => {
  const { batch, written } = createBatch(100);
  const lines = Array.from({ length: 50 }, (_, i) => `${'é'.repeat(i % 20)}${i}\n`);
  for (const line of lines) batch.add(line);
  batch.flush();
  expect(written.join('')).toBe(lines.join(''));
  for (const text of written) {
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(100);
    expect(text.endsWith('\n')).toBe(true);
  }
  expect(written.length).toBeLessThan(lines.length / 2);
});

it('A line that is longer than a batch is a batch by itself', () => {
  const { batch, written } = createBatch(10);
  for (const line of ['a\n', `${'b'.repeat(50)}\n`, 'c\n']) batch.add(line);
  batch.flush();
  expect(written).toEqual(['a\n', `${'b'.repeat(50)}\n`, 'c\n']);
});

it('Without pending lines nothing is written', () => {
  const { batch, written } = createBatch(10);
  batch.flush();
  batch.add('a\n');
  batch.flush();
  batch.flush();
  expect(written).toEqual(['a\n']);
});
