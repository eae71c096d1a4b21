/** One exchange of the public port. Made by `edge.ts`; every function that handles the exchange receives it. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Gateway } from '../gateway.js';
import type { Log } from '../model/log.js';
import type { Observe } from '../model/record.js';
import type { RequestHead } from '../model/request.js';
import type { RequestTrace } from '../model/trace.js';
import type { ConnectionState } from './connection-state.js';

/** Passes a request without a route to the next handler of the same application. */
export type Next = () => void;

/** What all exchanges of one edge share. */
export interface EdgeState {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly observe: Observe;
  readonly log: Log;
  /** Whether a response explains an error of the surrounding application. */
  readonly explains: boolean;
  /** Whether every response closes its connection. */
  isDraining: boolean;
}

export interface RequestContext extends ConnectionState {
  readonly edge: EdgeState;
  /** The gateway instance that was current when the request began. */
  readonly gateway: Gateway;
  readonly req: IncomingMessage;
  readonly head: RequestHead;
  readonly startedMs: number;
  /** Undefined where the file has no `tracing`, and for a request that is not the gateway's. */
  readonly trace: RequestTrace | undefined;
  /** Present for an upgrade request. */
  readonly tunnel: Tunnel | undefined;
  /** Whether the request is under the mount path of the gateway. */
  readonly isMounted: boolean;
  /** Whether the exchange has ended and was recorded. */
  isRecorded: boolean;
}

export interface Tunnel {
  readonly socket: Socket;
  readonly firstBytes: Buffer;
  /** Called once, when the upstream has responded with 101. */
  readonly opened: () => void;
}
