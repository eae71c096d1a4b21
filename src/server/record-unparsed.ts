/** The record of what is answered without being read: a request too many, CONNECT, bytes that are no request. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Log } from '../model/log.js';
import type { Observe, RecordedHead } from '../model/record.js';
import type { Refusal } from '../model/refusal.js';

/** Tells of an answer, or of a caller who left before it (`status` 499). Never throws. */
export type RecordUnparsed = (head: RecordedHead, refusal: Refusal, status: number) => void;

const MAPPED = '::ffff:';

export function createRecordUnparsed(observe: Observe, log: Log): RecordUnparsed {
  return function tellUnread(head, { reason, detail }, status) {
    const nothing = { route: undefined, endpoint: undefined, principal: undefined, target: undefined };
    try {
      observe({ head, ...nothing, status, reason, detail, durationMs: 0, upstreamMs: undefined });
    } catch (error) {
      log.error({ request_id: head.id, err: error }, 'a request failed inside the gate');
    }
  };
}

/** Of whom nothing was read, only the peer is known: whether it is a proxy that speaks for others nobody has asked. */
export function unparsedHead(id: string, socket: Duplex, req?: IncomingMessage): RecordedHead {
  const { remoteAddress: address = 'unknown' } = socket as Duplex & { readonly remoteAddress?: string };
  const clientIp = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
  return { id, clientRequestId: undefined, clientIp, method: req?.method };
}
