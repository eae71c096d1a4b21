/** How much of the process's memory may be garbage. */
import { setFlagsFromString } from 'node:v8';

/** In per cent of what is in use. */
const MOST_GARBAGE = 100;

/**
 * By itself V8 lets the heap of a machine with much memory grow to several times what is in use before it looks
 * through it. Under a churn of callers, whose tokens are remembered and forgotten, that was 680 MB where 70 were in use.
 * Looking sooner costs a collection every few seconds under full load, and large answers gain by it; with 50 they are
 * half as dear again (docs/performance.md).
 */
export function limitHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${MOST_GARBAGE}`);
}
