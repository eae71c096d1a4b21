import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const HEAP = new URL('../../dist/app/limit-heap-growth.js', import.meta.url).href;

/** A hundred megabytes in use, all of it replaced repeatedly, as by callers that are cached and evicted. */
const CHURN = `
  (await import('${HEAP}')).limitHeapGrowth();
  const remembered = new Array(50_000);
  let most = 0;
  for (let n = 0; n < 12 * remembered.length; n++) {
    remembered[n % remembered.length] = new Array(256).fill(n);
    if (n % 1000 === 0) most = Math.max(most, process.memoryUsage().heapTotal);
  }
  console.log(most / 1e6);
`;

it('The heap holds less garbage than V8 would allow', async () => {
  // One size of the young generation, which is larger in Node 24 than in Node 20.
  const script = ['--max-semi-space-size=16', '--input-type=module', '--eval', CHURN];
  const { stdout } = await promisify(execFile)(process.execPath, script);
  expect(Number(stdout)).toBeLessThan(320);
});
