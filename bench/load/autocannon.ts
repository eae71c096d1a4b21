/** autocannon, in a process of its own. */
import { inBench } from '../place.js';
import { runChild } from '../scenery/child.js';
import { GRACE_MS, type Load, type Outcome } from './load.js';

export function createAutocannon(): Load {
  return {
    kind: 'autocannon',
    async run(order) {
      const command = [process.execPath, inBench('load/autocannon-process.js'), JSON.stringify(order)];
      return JSON.parse(await runChild('autocannon', command, order.seconds * 1000 + GRACE_MS)) as Outcome;
    },
  };
}
