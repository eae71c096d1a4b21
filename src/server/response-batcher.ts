/**
 * Answers that are whole leave together, when the event loop has read what lay ready in this turn.
 *
 * Each write that meets a sleeping client has to wake it, and a client is asleep again by the time a gate that answers one
 * by one comes to its next answer: that cost a quarter of a forwarded request (docs/performance.md). Nobody waits longer for
 * it than the turn takes, and with one request at a time there is nothing to wait for.
 */
import type { ServerResponse } from 'node:http';
import { batchPerTick } from '../shared/batch-per-tick.js';

/** Ends an answer whose head is written, with the last of its body. */
export type EndResponse = (res: ServerResponse, last?: Buffer | string, slow?: Draining) => void;

/** Is told when a response is written but for what the client does not read yet. */
interface Draining {
  /** Must not throw. */
  onDraining(): void;
}

type Ending = readonly [res: ServerResponse, last: Buffer | string | undefined, slow: Draining | undefined];

/** There is one event loop, so there is one outbox. */
const leave = batchPerTick<Ending>((endings) => {
  for (const ending of endings) end(ending);
});

/** An exception here would end the process, with all other responses of the turn. */
function end([res, last, slow]: Ending): void {
  try {
    // As latin1, since a head that goes out with a string takes over its encoding; a refusal's body is ASCII.
    if (res.destroyed) return;
    if (typeof last === 'string') res.end(last, 'latin1');
    else res.end(last);
    if (!res.writableFinished) slow?.onDraining();
  } catch {
    res.destroy();
  }
}

export const endBatched: EndResponse = (res, last, slow) => leave([res, last, slow]);
