/** Calls an exchange at the end of a tick and by its timer; for `proxy-exchange.ts`. */
import { batchPerTick } from '../shared/batch-per-tick.js';

export interface Callable {
  /** Must not throw. */
  send(): void;
  onTimer(): void;
  onBug(error: unknown): void;
}

/** Sends at the end of the tick, since before it undici may still be cleaning up a failed connection. */
export const sendBatched = batchPerTick<Callable>((exchanges) => {
  for (const exchange of exchanges) exchange.send();
});

/** Runs a timer's callback for `setTimeout`, where an exception would end the process. Throws nothing. */
export function callOnTimer(exchange: Callable): void {
  try {
    exchange.onTimer();
  } catch (error) {
    exchange.onBug(error);
  }
}
