/** After the load each gateway becomes idle with as many sockets as before, and a heap that has not grown. */
import type { AtRest } from '../gates.js';
import type { Finding } from './verdict.js';

/** Compiled code, and bounded caches that were not full yet. */
const GROWTH_BYTES = 24 * 1024 * 1024;

/** @param complaints what each gateway printed outside its log */
export function checkAtRest(
  complaints: readonly string[],
  before: readonly AtRest[],
  after: readonly AtRest[],
): Finding[] {
  const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
  return [
    {
      claim: 'each gateway has as many sockets as before the load',
      figure: before.map(({ sockets }, i) => `${sockets} → ${after[i]!.sockets}`).join(', '),
      against: before.flatMap(({ sockets }, i) =>
        after[i]!.sockets > sockets ? [`gateway ${i}: ${sockets} before, ${after[i]!.sockets} after`] : [],
      ),
    },
    {
      claim: `each gateway's heap, after garbage collection, is within ${mib(GROWTH_BYTES)} MiB of its size before the load`,
      figure: before
        .map(({ heapBytes }, i) => `${mib(heapBytes)} → ${mib(after[i]!.heapBytes)} MiB`)
        .join(', '),
      against: before.flatMap(({ heapBytes }, i) =>
        after[i]!.heapBytes > heapBytes + GROWTH_BYTES
          ? [`gateway ${i} grew to ${mib(after[i]!.heapBytes)} MiB`]
          : [],
      ),
    },
    {
      claim: 'no gateway writes anything outside its log',
      figure: `${complaints.length} gateways`,
      against: complaints.flatMap((said, i) => (said === '' ? [] : [`gateway ${i}: ${said}`])),
    },
  ];
}
