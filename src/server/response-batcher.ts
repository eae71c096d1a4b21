/**
 * Writes the complete responses of one tick of the event loop together. Called by `send-error.ts` and, through
 * `request-handler.ts`, by `src/forward/`.
 *
 * A write to a sleeping client has to wake it. When a gateway responds one by one, the client is asleep again before the
 * next response: that cost a quarter of a forwarded request (docs/performance.md). A response is delayed by at most one
 * tick; with one request at a time there is nothing to wait for.
 */
import type { ServerResponse } from 'node:http';
import { destroyResponse } from '../shared/destroy-response.js';
import { batchPerTick } from '../shared/batch-per-tick.js';

/** Ends a response whose head is written, with the last part of its body. */
export type EndResponse = (res: ServerResponse, last?: Buffer | string, slow?: Draining) => void;

/** Is called when a response is written except for data that the client has not read yet. */
interface Draining {
  /** Must not throw. */
  onDraining(): void;
}

type Ending = readonly [res: ServerResponse, last: Buffer | string | undefined, slow: Draining | undefined];

/** One for the process, since there is one event loop. */
const enqueue = batchPerTick<Ending>((endings) => {
  for (const ending of endings) end(ending);
});

/** Never throws: an exception would end the process, with all other responses of the tick. */
function end([res, last, slow]: Ending): void {
  try {
    // Latin-1, since Node writes the head in the encoding of the string sent with it; a refusal's body is ASCII.
    if (res.destroyed) return;
    if (typeof last === 'string') res.end(last, 'latin1');
    else res.end(last);
    if (!res.writableFinished) slow?.onDraining();
  } catch {
    destroyResponse(res);
  }
}

/** Ends a response at the end of the tick, together with the others. Never throws; a failed response is destroyed. */
export const endBatched: EndResponse = (res, last, slow) => enqueue([res, last, slow]);
