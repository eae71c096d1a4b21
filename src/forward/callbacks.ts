/** What calls an exchange when no event of a connection does: the end of a turn of the event loop, and its timer. */
import { batchPerTick } from '../shared/batch-per-tick.js';
import type { Exchange, ForwarderOptions } from './exchange.js';

export interface Callable {
  /** Must not throw. */
  send(): void;
  onTimer(): void;
  onBug(error: unknown): void;
}

/** Never in the middle of something else: undici may be clearing up a connection that failed. */
export const sendBatched = batchPerTick<Callable>((exchanges) => {
  for (const exchange of exchanges) exchange.send();
});

/** For `setTimeout`: an exception there would end the process, and all its exchanges. */
export function callOnTimer(exchange: Callable): void {
  try {
    exchange.onTimer();
  } catch (error) {
    exchange.onBug(error);
  }
}

/** Logs an exception of the gate's own code, with the request that it was met at. */
export function reportBug(
  { log }: Pick<ForwarderOptions, 'log'>,
  { head }: Exchange,
  why: object,
  message: string,
): void {
  log.error({ request_id: head.id, ...why }, message);
}
