/** The input of the forwarder for each exchange, and its result. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Admission } from '../model/decision.js';
import type { Log } from '../model/log.js';
import type { Principal } from '../model/principal.js';
import type { Fault } from '../model/reasons.js';
import type { FlatHeaders } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { RequestTrace } from '../model/trace.js';
import type { BodyLimits } from './body-pace.js';

export type { Fault } from '../model/reasons.js';

export interface ForwarderOptions extends BodyLimits {
  /** Monotonic milliseconds. */
  now(): number;
  readonly log: Log;
  /** Without it, open streams outlive their tokens. */
  readonly streamWatcher?: TokenWatcher;
}

/** Ends a tunnel or event stream when its caller's token expires or is revoked. */
export interface TokenWatcher {
  /**
   * Calls `end` once, later, when the principal is revoked or its token expires. The returned function cancels this.
   */
  watch(principal: Principal, end: () => void): () => void;
  isRevoked(principal: Principal): boolean;
  /** Calls back soon after each change of the revocations. The returned function cancels this. */
  onRevocation(listener: () => void): () => void;
}

export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly head: RequestHead;
  readonly admission: Admission;
  /** Response fields of the gateway (X-Request-Id, quota, CORS). They replace the upstream's fields of these names. */
  readonly responseHeaders: FlatHeaders;
  /** The whole body, where it was read before: a small body, or one that an earlier middleware read (library use). */
  parsedBody: Buffer | undefined;
  /**
   * Ends `res`, whose head is written, with the last part of its body, at the end of this tick. Calls `slow` where the
   * client has not taken all of it by then.
   */
  readonly end: (res: ServerResponse, last?: Buffer, slow?: Draining) => void;
  /** Undefined where the file has no `tracing`. */
  readonly trace?: RequestTrace | undefined;
}

/** An exchange whose complete response waits for the client to read. */
export interface Draining {
  /** Must not throw. */
  onDraining(): void;
}

/** A WebSocket handshake. The server's parser no longer uses the socket; `res` is assigned to it. */
export interface Upgrade extends Exchange {
  readonly socket: Duplex;
  readonly firstBytes: Buffer;
  /** Called once, after the upstream's 101, when the tunnel is open. */
  readonly opened: () => void;
}

/** The result of an exchange that got the upstream's response, or whose client left before it. */
export interface ForwardOutcome {
  /** The upstream's status, or 499 where the client left before it. */
  readonly status: number;
  /** The target's origin; undefined where the client left before a target was chosen. */
  readonly target: string | undefined;
  /** From the start of the exchange until the response head, or until the client left. */
  readonly upstreamMs: number;
  /** Bytes of the response body, or of both directions of a tunnel. */
  readonly bytes: number;
  readonly fault: Fault | undefined;
}
