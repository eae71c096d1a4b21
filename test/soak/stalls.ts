/** Notices when the machine has no time for the soak: what comes too late then is no fault of the environment. */
import type { Timeline } from './timeline.js';

const LOOK_EVERY_MS = 50;
const STALL_MS = 300;

/** @returns stops the detection */
export function watchStalls(timeline: Timeline, now: () => number): () => void {
  let lookedMs = now();
  const timer = setInterval(() => {
    const atMs = now();
    if (atMs - lookedMs > STALL_MS) timeline.note('machine', 'stalled', lookedMs);
    lookedMs = atMs;
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
