/** What forward/ is given for each exchange, and what it says when the exchange is over. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Admission } from '../model/decision.js';
import type { Log } from '../model/log.js';
import type { Principal } from '../model/principal.js';
import type { FlatHeaders } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { BodyLimits } from './body-pace.js';

export interface ForwarderOptions extends BodyLimits {
  /** Monotonic milliseconds. */
  now(): number;
  readonly log: Log;
  /** Left out: open streams outlive their tokens. */
  readonly streamWatcher?: StreamWatcher;
}

/** What ends a tunnel or an event stream when its caller may no longer pass. */
export interface StreamWatcher {
  /** Calls `end` once, later, when the principal is revoked or its token ends; until the returned function is called. */
  watch(principal: Principal, end: () => void): () => void;
  isRevoked(principal: Principal): boolean;
  /** Calls back soon after each change of what is revoked; until the returned function is called. */
  onRevocation(listener: () => void): () => void;
}

export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly head: RequestHead;
  readonly admission: Admission;
  /** Fields of the answer that the gate sets (X-Request-Id, quota, CORS): they replace the upstream's own of these names. */
  readonly responseHeaders: FlatHeaders;
  /** All of the body, where it was read before it is forwarded: a small one, or by an earlier middleware (library use). */
  parsedBody: Buffer | undefined;
  /**
   * Ends `res`, whose head is written, with the last of its body: in this turn of the event loop, not at once. Tells
   * `slow` where the client has not taken all of it by then.
   */
  readonly end: (res: ServerResponse, last?: Buffer, slow?: Draining) => void;
}

/** Whose whole response waits for its client to read. */
export interface Draining {
  /** Must not throw. */
  onDraining(): void;
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
  /** Revoked while the exchange was under way, or expired while a tunnel or an event stream was open. */
  | 'token_ended'
  /** More WebSockets or event streams than `max_tunnels`. */
  | 'tunnels_full'
  /** An exception inside the gate. */
  | 'gate_error';

/** An exchange that came to an answer of the upstream, or that the client left before one. */
export interface Outcome {
  /** The upstream's status, or 499 where the client left before there was one. */
  readonly status: number;
  /** The target's origin; undefined where the client left before one was asked. */
  readonly target: string | undefined;
  /** From the first attempt until the head of the answer (or until the client left). */
  readonly upstreamMs: number;
  /** Bytes of the answer's body, or of both ways of a tunnel. */
  readonly bytes: number;
  readonly fault: Fault | undefined;
}
