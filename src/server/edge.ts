/**
 * The edge: the entry of requests from node:http into the gateway. Called by `server.ts` and `src/index.ts`.
 *
 *   request ─┐                                          ┌─ refusal ─ send-error.ts
 *            ├─ in flight? ─ read ─ request-handler.ts ─┤
 *   upgrade ─┘                                          └─ admission ─ forward/
 *
 * Ordinary requests come through Express, upgrades directly from the server. From `read` on both take the same steps.
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
  /** Returns the current gateway instance; called once a request. */
  readonly current: () => Gateway;
  readonly newId: () => string;
  /** As a library: where the gateway is mounted; by default at the root. */
  readonly mounts?: Mounts;
}

/** Begins a request. */
export type Start = (req: IncomingMessage, res: ServerResponse, next?: Next) => void;

export interface Edge {
  /**
   * Accepts a request: calls `start` now, or when the responses to earlier requests of its connection are complete
   * (pipeline.ts). Refuses it with `max_in_flight` exchanges in flight. Ignores it where the connection is about to close.
   */
  readonly accept: (req: IncomingMessage, res: ServerResponse, start: Start, next?: Next) => void;
  /** Handles a request. With `next`, a request without a route goes to `next` instead of a 404. */
  readonly handle: (req: IncomingMessage, res: ServerResponse, next?: Next) => Promise<void>;
  /** Handles an upgrade request, whose socket the server's parser has released. */
  readonly upgrade: (req: IncomingMessage, socket: Duplex, firstBytes: Buffer) => Promise<void>;
  /** Handles a parse error of the server. */
  readonly clientError: (error: NodeJS.ErrnoException, socket: Duplex) => void;
  /** Returns how many exchanges are in flight: each from its head until its response is complete or it is a tunnel. */
  readonly inFlight: () => number;
  /** From now on every response closes its connection. */
  readonly drain: () => void;
}

const OVERLOADED = new Refusal(
  'overloaded',
  ['Retry-After', '1'],
  'as many requests are under way as max_in_flight allows',
);

/** Creates the edge of one public port, or of a gateway that is used as a library. */
export function createEdge(options: EdgeOptions): Edge {
  const { current, now, newId, mounts } = options;
  let isDraining = false;
  let inFlightCount = 0;
  const recordUnparsed = createRecordUnparsed(options.observe, options.log);
  const pipelines = createPipelines({ newId, tellUnread: recordUnparsed });
  const { handle, handleCrash } = createRequestHandler({ ...options, isDraining: () => isDraining });

  function isFull(): boolean {
    return inFlightCount >= current().maxInFlight;
  }

  function rejectOverloaded(req: IncomingMessage, res: ServerResponse): void {
    const { socket } = req;
    const head = unparsedHead(newId(), socket, req);
    const state: ConnectionState = {
      res,
      head,
      willClose: isDraining,
      isWaiting: false,
      parseError: undefined,
    };
    pipelines.enter(socket, state);
    // Respond after the packet is parsed: a request that is complete in it can keep its connection open.
    queueMicrotask(() => {
      if (state.parseError) {
        recordUnparsed(state.head, state.parseError, state.parseError.status);
        return;
      }
      const id = ['X-Request-Id', state.head.id];
      sendError(req, res, OVERLOADED, isDraining ? [...id, 'Connection', 'close'] : id);
      recordUnparsed(state.head, OVERLOADED, res.headersSent ? OVERLOADED.status : CLIENT_CLOSED_REQUEST);
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
    // The bytes after a request of unknown length cannot be parsed as a request.
    const willClose = isDraining || head.headError?.headers.includes('Connection') === true;
    const startedMs = now();
    return {
      gateway,
      req,
      res,
      head,
      startedMs,
      tunnel,
      isMounted,
      willClose,
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
    let context: RequestContext | undefined;
    try {
      context = createContext(req, res, tunnel);
      pipelines.enter(req.socket, context);
      await handle(context, next);
    } catch (error) {
      handleCrash(req, res, context, error);
    }
  }

  async function runUpgrade(req: IncomingMessage, socket: Socket, firstBytes: Buffer): Promise<void> {
    const res = responseOn(req, socket);
    if (isFull()) {
      rejectOverloaded(req, res);
      return;
    }
    inFlightCount += 1;
    const slot = { isHeld: true };
    const opened = (): void => {
      slot.isHeld = false;
      inFlightCount -= 1;
    };
    await run(req, res, { socket, firstBytes, opened }, undefined);
    if (slot.isHeld) inFlightCount -= 1;
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
    clientError: createParseErrorHandler({ latest: pipelines.latest, newId, recordUnparsed }),
    inFlight: () => inFlightCount,
    drain() {
      isDraining = true;
    },
  };
}

/** Creates a response for a socket without a parser: any response other than a 101 closes the connection. */
function responseOn(req: IncomingMessage, socket: Socket): ServerResponse {
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  socket.on('error', () => socket.destroy());
  res.assignSocket(socket);
  res.once('finish', () => endSocket(socket));
  return res;
}
