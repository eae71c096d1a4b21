/** What a connection is in the middle of: its latest exchange, by which whatever comes behind it is judged. */
import type { ServerResponse } from 'node:http';
import type { RecordedHead } from '../model/record.js';
import type { Refusal } from '../model/refusal.js';

export interface ConnectionState {
  readonly res: ServerResponse;
  readonly head: RecordedHead;
  /** Known beforehand to close its connection. */
  readonly willClose: boolean;
  /** Whether it has not begun, since requests before it have not been responded to. */
  isWaiting: boolean;
  /** The refusal that its own body was answered with, when that turned out to be none. */
  parseError: Refusal | undefined;
}

/**
 * RFC 9112 9.6: behind an answer that closes its connection nothing more is processed, or a request would be counted
 * and forwarded whose answer nobody gets.
 */
export function closesAfterResponse({ willClose, res }: ConnectionState): boolean {
  // What Node keeps of it is internal, and nothing public tells: it is read here, and never written.
  const { _last: closes } = res as ServerResponse & { _last?: boolean };
  return willClose || closes === true;
}
