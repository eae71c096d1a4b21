/** What forward/ is given for each exchange, and what it says when the exchange is over. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Admission } from '../model/decision.js';
import type { Log } from '../model/log.js';
import type { Principal } from '../model/principal.js';
import type { FlatHeaders } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';

export interface ForwarderOptions {
  /** Monotonic milliseconds. */
  now(): number;
  /** The longest silence in the middle of a request's body. */
  readonly bodyTimeoutMs: number;
  readonly log: Log;
  /** Left out: open streams outlive their tokens. */
  readonly leash?: Leash;
}

/** What ends a tunnel or an event stream when its caller may no longer pass. */
export interface Leash {
  /** Calls `end` once, later, when the principal is revoked or its token ends; until the returned function is called. */
  hold(principal: Principal, end: () => void): () => void;
}

export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly head: RequestHead;
  readonly admission: Admission;
  /** Fields of the answer that the gate sets (X-Request-Id, quota, CORS): they replace the upstream's own of these names. */
  readonly answerHeaders: FlatHeaders;
  /** Bytes of the body that an earlier middleware has already read (library use). */
  readonly parsedBody: Buffer | undefined;
  /** Ends `res`, whose head is written, with the last of its body: in this turn of the event loop, not at once. */
  readonly end: (res: ServerResponse, last?: Buffer) => void;
}

/** A request to become a WebSocket. The server's parser has let go of the socket; `res` is assigned to it. */
export interface Upgrade extends Exchange {
  readonly socket: Duplex;
  readonly firstBytes: Buffer;
  /** Called once, when the upstream's 101 has made it a tunnel. */
  readonly opened: () => void;
}

/** Why an exchange did not end as it should, after it was too late for a refusal. */
export type Fault =
  | 'client_gone'
  | 'client_stalled'
  | 'client_body_timeout'
  | 'client_body_too_large'
  | 'upstream_reset_in_body'
  | 'upstream_idle_in_body'
  | 'tunnel_idle'
  | 'tunnel_broken'
  /** Expired or revoked while a tunnel or an event stream was open. */
  | 'token_ended'
  /** An exception inside the gate. */
  | 'gate_error';

/** An exchange that came to an answer of the upstream, or that the client left before one. */
export interface Outcome {
  /** The upstream's status, or 499 where the client left before there was one. */
  readonly status: number;
  /** The target's origin. */
  readonly target: string;
  /** From the first attempt until the head of the answer (or until the client left). */
  readonly upstreamMs: number;
  /** Bytes of the answer's body, or of both ways of a tunnel. */
  readonly bytes: number;
  readonly fault: Fault | undefined;
}
