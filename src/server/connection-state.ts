/** The latest exchange of a connection, which decides what may follow it. Used by `pipelined-requests.ts` and `parse-error.ts`. */
import type { ServerResponse } from 'node:http';
import type { RecordedHead } from '../model/record.js';
import type { Refusal } from '../model/refusal.js';
import { closesConnection } from './node-internals.js';

export interface ConnectionState {
  readonly res: ServerResponse;
  readonly head: RecordedHead;
  /** Whether its response is already known to close the connection. */
  readonly willClose: boolean;
  /** Whether it has not begun because earlier requests are still without a complete response. */
  isWaiting: boolean;
  /** The refusal for a parse error in its body. */
  parseError: Refusal | undefined;
}

/**
 * Returns whether the connection closes after this response. Later requests are then not processed (RFC 9112 9.6):
 * they would be counted and forwarded, but their responses would be lost.
 */
export function closesAfterResponse({ willClose, res }: ConnectionState): boolean {
  return willClose || closesConnection(res);
}
