/** The loads that run in Node, each in a process of its own: autocannon, and the one at a fixed rate. */
import { inBench } from '../paths.js';
import { runChild } from '../environment/child.js';
import { GRACE_MS, type Load, type Outcome } from './load.js';

export function createNodeLoad(kind: 'autocannon' | 'paced'): Load {
  return {
    kind,
    async run(order) {
      const command = [process.execPath, inBench(`load/${kind}-process.js`), JSON.stringify(order)];
      return JSON.parse(await runChild(kind, command, order.seconds * 1000 + GRACE_MS)) as Outcome;
    },
  };
}
