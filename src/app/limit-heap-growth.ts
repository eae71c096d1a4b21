/** Limits how much of the heap is garbage. Called by `serve.ts`. */
import { setFlagsFromString } from 'node:v8';

/** Per cent of the live heap. */
const MAX_GARBAGE_PERCENT = 100;

/**
 * Makes V8 collect garbage when the heap has doubled since the last collection.
 *
 * By default, with much memory, V8 lets the heap grow to several times its live size. While callers changed constantly,
 * and their tokens were cached and evicted, the heap was 680 MB with 70 MB live. The earlier collection runs every few
 * seconds under full load, and large responses become faster. At 50 %, large responses cost 50 % more CPU
 * (docs/performance.md).
 */
export function limitHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${MAX_GARBAGE_PERCENT}`);
}
