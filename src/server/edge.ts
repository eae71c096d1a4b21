/**
 * The edge: where a request of node:http enters the gate and its answer leaves.
 *
 *   request ─┐  a place among those              ┌─ refusal ─ send-error.ts
 *            ├─ under way? ─ read ─ request-handler.ts ────┤
 *   upgrade ─┘                                   └─ admission ─ forward/
 *
 * Ordinary requests come through Express, upgrades straight from the server: from `read` on the way is the same.
 */
import { ServerResponse, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Gateway } from '../gateway.js';
import { CLIENT_CLOSED_REQUEST } from '../model/record.js';
import { Refusal } from '../model/refusal.js';
import { endSocket, sendError } from './send-error.js';
import type { Mounts } from './mounts.js';
import { createParseErrorHandler } from './parse-error.js';
import { createPipelines } from './pipeline.js';
import type { ConnectionState } from './connection-state.js';
import { createRecordUnparsed, unparsedHead } from './record-unparsed.js';
import { asksForWebSocket, waitForPipelinedResponses, reinjectAsPlainHttp } from './upgrade.js';
import {
  createRequestHandler,
  type Next,
  type Tunnel,
  type RequestContext,
  type RequestHandlerOptions,
} from './request-handler.js';

export interface EdgeOptions extends Omit<RequestHandlerOptions, 'isDraining'> {
  /** The gate as it is now; asked once a request. */
  readonly current: () => Gateway;
  readonly newId: () => string;
  /** As a library: where the gate is mounted; left out: at the root. */
  readonly mounts?: Mounts;
}

/** Begins a request. */
export type Start = (req: IncomingMessage, res: ServerResponse, next?: Next) => void;

export interface Edge {
  /**
   * Takes a request up: calls `start` with it now, or when the requests before it on its connection have been responded
   * to (pipeline.ts). Never where as many as may be are under way, which it is refused for, or where the connection is
   * about to close.
   */
  readonly accept: (req: IncomingMessage, res: ServerResponse, start: Start, next?: Next) => void;
  /** Answers the request. With `next`, one that no route names is passed on instead of refused with 404. */
  readonly handle: (req: IncomingMessage, res: ServerResponse, next?: Next) => Promise<void>;
  /** Answers a request to become a WebSocket; the server's parser has let go of the socket. */
  readonly upgrade: (req: IncomingMessage, socket: Duplex, firstBytes: Buffer) => Promise<void>;
  /** Answers what the server's parser has given up on. */
  readonly clientError: (error: NodeJS.ErrnoException, socket: Duplex) => void;
  /** How many exchanges are under way: each from its head until its answer is over, or until it is a tunnel. */
  readonly inFlight: () => number;
  /** From now on every answer closes its connection. */
  readonly drain: () => void;
}

const OVERLOADED = new Refusal(
  'overloaded',
  ['Retry-After', '1'],
  'as many requests are under way as max_in_flight allows',
);

export function createEdge(options: EdgeOptions): Edge {
  const { current, now, newId, mounts } = options;
  let isDraining = false;
  let inFlightCount = 0;
  const tellUnread = createRecordUnparsed(options.observe, options.log);
  const pipelines = createPipelines({ newId, tellUnread });
  const { handle, handleCrash } = createRequestHandler({ ...options, isDraining: () => isDraining });

  function isFull(): boolean {
    return inFlightCount >= current().maxInFlight;
  }

  function rejectOverloaded(req: IncomingMessage, res: ServerResponse): void {
    const { socket } = req;
    const head = unparsedHead(newId(), socket, req);
    const turn: ConnectionState = {
      res,
      head,
      willClose: isDraining,
      isWaiting: false,
      parseError: undefined,
    };
    pipelines.enter(socket, turn);
    // When the packet is read through it is known whether all of the request was in it, so that the connection may stay.
    queueMicrotask(() => {
      if (turn.parseError) {
        tellUnread(turn.head, turn.parseError, turn.parseError.status);
        return;
      }
      const id = ['X-Request-Id', turn.head.id];
      sendError(req, res, OVERLOADED, isDraining ? [...id, 'Connection', 'close'] : id);
      tellUnread(turn.head, OVERLOADED, res.headersSent ? OVERLOADED.status : CLIENT_CLOSED_REQUEST);
    });
  }

  function createContext(
    req: IncomingMessage,
    res: ServerResponse,
    tunnel: Tunnel | undefined,
  ): RequestContext {
    const gateway = current();
    const isMounted = mounts?.enter(req, tunnel !== undefined) ?? true;
    const head = gateway.read(req);
    // Behind a request whose end nobody can tell, nothing is one.
    const isLast = isDraining || head.headError?.headers.includes('Connection') === true;
    const startedMs = now();
    return {
      gateway,
      req,
      res,
      head,
      startedMs,
      tunnel,
      isMounted,
      willClose: isLast,
      isWaiting: false,
      parseError: undefined,
      isRecorded: false,
    };
  }

  function begin(req: IncomingMessage, res: ServerResponse, start: Start, next: Next | undefined): void {
    if (isFull()) rejectOverloaded(req, res);
    else start(req, res, next);
  }

  async function run(
    req: IncomingMessage,
    res: ServerResponse,
    tunnel: Tunnel | undefined,
    next: Next | undefined,
  ): Promise<void> {
    let visit: RequestContext | undefined;
    try {
      visit = createContext(req, res, tunnel);
      pipelines.enter(req.socket, visit);
      await handle(visit, next);
    } catch (error) {
      handleCrash(req, res, visit, error);
    }
  }

  async function runUpgrade(req: IncomingMessage, socket: Socket, firstBytes: Buffer): Promise<void> {
    const res = responseOn(req, socket);
    if (isFull()) {
      rejectOverloaded(req, res);
      return;
    }
    inFlightCount += 1;
    const place = { isHeld: true };
    const opened = (): void => {
      place.isHeld = false;
      inFlightCount -= 1;
    };
    await run(req, res, { socket, firstBytes, opened }, undefined);
    if (place.isHeld) inFlightCount -= 1;
  }

  return {
    accept(req, res, start, next) {
      const order = pipelines.orderOf(req, res, next === undefined);
      if (order === 'now') begin(req, res, start, next);
      else if (order === 'later') pipelines.wait(req, res, () => begin(req, res, start, next));
    },
    async handle(req, res, next) {
      inFlightCount += 1;
      await run(req, res, undefined, next);
      inFlightCount -= 1;
    },
    async upgrade(req, socket, firstBytes) {
      if (!(await waitForPipelinedResponses(socket))) return;
      if (!asksForWebSocket(req)) reinjectAsPlainHttp(req, socket, firstBytes);
      else if (socket instanceof Socket) await runUpgrade(req, socket, firstBytes);
      else socket.destroy();
    },
    clientError: createParseErrorHandler({ latest: pipelines.latest, newId, recordUnparsed: tellUnread }),
    inFlight: () => inFlightCount,
    drain() {
      isDraining = true;
    },
  };
}

/** A response for a socket whose parser is gone: whatever is answered, other than a 101, closes the connection. */
function responseOn(req: IncomingMessage, socket: Socket): ServerResponse {
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  socket.on('error', () => socket.destroy());
  res.assignSocket(socket);
  res.once('finish', () => endSocket(socket));
  return res;
}
