/** Records responses to excess requests, CONNECT and parse errors. Called by `edge.ts`, `parse-error.ts` and others. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Log } from '../model/log.js';
import type { Observe, RecordedHead } from '../model/record.js';
import type { Refusal } from '../model/refusal.js';

/** Records a response, or a client that disconnected before it (`status` 499). Never throws. */
export type RecordUnparsed = (head: RecordedHead, refusal: Refusal, status: number) => void;

const MAPPED = '::ffff:';

/** Creates the recorder; an error of `observe` is logged. */
export function createRecordUnparsed(observe: Observe, log: Log): RecordUnparsed {
  return function recordUnparsed(head, { reason, detail }, status) {
    const nothing = {
      route: undefined,
      endpoint: undefined,
      principal: undefined,
      shadow: undefined,
      target: undefined,
    };
    try {
      observe({ head, ...nothing, status, reason, detail, durationMs: 0, upstreamMs: undefined });
    } catch (error) {
      log.error({ request_id: head.id, err: error }, 'internal error while handling a request');
    }
  };
}

/** Makes a record's head from what is known without reading: the peer's address, which may be a proxy's. */
export function unparsedHead(id: string, socket: Duplex, req?: IncomingMessage): RecordedHead {
  const { remoteAddress: address = 'unknown' } = socket as Duplex & { readonly remoteAddress?: string };
  const clientIp = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
  return { id, clientRequestId: undefined, clientIp, method: req?.method };
}
