/**
 * The edge: the entry of requests from node:http into the gateway. Called by `listening-server.ts` and `src/index.ts`.
 *
 *   request ── accept ── Express ── handle ─┐                                  ┌─ refusal ─ end-exchange.ts
 *                                           ├─ read ─ run ─ request-handler.ts ┤
 *   upgrade ── upgrade ─────────────────────┘                                  └─ forward/
 *
 * Ordinary requests come through Express, upgrades directly from the server. From `read` on both take the same steps.
 */
import { ServerResponse, type IncomingMessage, type RequestListener } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Gateway } from '../gateway.js';
import type { Log } from '../model/log.js';
import { CLIENT_CLOSED_REQUEST, type Observe } from '../model/record.js';
import { Refusal } from '../model/refusal.js';
import type { ConnectionState } from './connection-state.js';
import { handleCrash } from './end-exchange.js';
import type { ServerHandlers } from './listening-server.js';
import type { Mounts } from './mounts.js';
import { ParseErrorHandler } from './parse-error.js';
import { PipelinedRequests } from './pipelined-requests.js';
import { createRecordUnparsed, unparsedHead, type RecordUnparsed } from './record-unparsed.js';
import type { EdgeState, Next, RequestContext, Tunnel } from './request-context.js';
import { handleRequest } from './request-handler.js';
import { endSocket, sendError } from './send-error.js';
import { asksForWebSocket, reinjectAsPlainHttp, waitForPipelinedResponses } from './upgrade.js';

export interface EdgeOptions {
  /** Returns the current gateway instance; called once a request. */
  readonly current: () => Gateway;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly observe: Observe;
  readonly log: Log;
  /** An Express app that passes each request to `handle`. Without it, requests are handled directly. */
  readonly app?: RequestListener;
  /** As a library: where the gateway is mounted; by default at the root. */
  readonly mounts?: Mounts;
  /** Whether a response explains an error of the surrounding application; by default it does not. */
  readonly explains?: boolean;
}

const OVERLOADED = new Refusal(
  'overloaded',
  ['Retry-After', '1'],
  'as many requests are in flight as max_in_flight allows',
);

/** The edge of one public port, or of a gateway that is used as a library. */
export class Edge implements ServerHandlers {
  readonly #options: EdgeOptions;
  readonly #state: EdgeState;
  readonly #recordUnparsed: RecordUnparsed;
  readonly #pipelinedRequests: PipelinedRequests;
  readonly #parseErrors: ParseErrorHandler;
  #inFlight = 0;

  constructor(options: EdgeOptions) {
    const { now, newId, observe, log, explains = false } = options;
    this.#options = options;
    this.#state = { now, observe, log, explains, isDraining: false };
    this.#recordUnparsed = createRecordUnparsed(observe, log);
    const recordUnparsed = this.#recordUnparsed;
    this.#pipelinedRequests = new PipelinedRequests({ newId, recordUnparsed });
    this.#parseErrors = new ParseErrorHandler(this.#pipelinedRequests, { newId, recordUnparsed });
  }

  /** How many exchanges are in flight: each from its head until its response is complete or it is a tunnel. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** From now on every response closes its connection. */
  drain(): void {
    this.#state.isDraining = true;
  }

  /**
   * Accepts a request: begins it now, or when the responses to earlier requests of its connection are complete
   * (`pipelined-requests.ts`). Ignores it where the connection is about to close.
   */
  accept(req: IncomingMessage, res: ServerResponse, next?: Next): void {
    const order = this.#pipelinedRequests.orderOf(req, res, next === undefined);
    if (order === 'now') this.#begin(req, res, next);
    else if (order === 'later') this.#pipelinedRequests.wait(req, res, () => this.#begin(req, res, next));
  }

  /** Handles a request. With `next`, a request without a route goes to `next` instead of a 404. Never rejects. */
  async handle(req: IncomingMessage, res: ServerResponse, next?: Next): Promise<void> {
    this.#inFlight += 1;
    await this.#run(req, res, undefined, next);
    this.#inFlight -= 1;
  }

  /** Handles an upgrade request, whose socket the server's parser has released. Never rejects. */
  async upgrade(req: IncomingMessage, socket: Duplex, firstBytes: Buffer): Promise<void> {
    if (!(await waitForPipelinedResponses(socket))) return;
    if (!asksForWebSocket(req)) reinjectAsPlainHttp(req, socket, firstBytes);
    else if (socket instanceof Socket) await this.#handleWebSocket(req, socket, firstBytes);
    else socket.destroy();
  }

  /** Handles a parse error of the server. */
  handleParseError(error: NodeJS.ErrnoException, socket: Duplex): void {
    this.#parseErrors.handle(error, socket);
  }

  #begin(req: IncomingMessage, res: ServerResponse, next: Next | undefined): void {
    const { app } = this.#options;
    if (this.#isFull()) this.#rejectOverloaded(req, res);
    // Express parses a target that is not a path with url.parse, which warns of some targets and finds no path in others.
    else if (app && req.url?.startsWith('/')) app(req, res);
    else void this.handle(req, res, next);
  }

  #isFull(): boolean {
    return this.#inFlight >= this.#options.current().maxInFlight;
  }

  async #run(
    req: IncomingMessage,
    res: ServerResponse,
    tunnel: Tunnel | undefined,
    next: Next | undefined,
  ): Promise<void> {
    let context: RequestContext | undefined;
    try {
      context = this.#createContext(req, res, tunnel);
      this.#pipelinedRequests.recordBegin(req.socket, context);
      await handleRequest(context, next);
    } catch (error) {
      handleCrash(this.#state, req, res, context, error);
    }
  }

  #createContext(req: IncomingMessage, res: ServerResponse, tunnel: Tunnel | undefined): RequestContext {
    const { current, mounts } = this.#options;
    const edge = this.#state;
    const gateway = current();
    const isMounted = mounts?.removeMountPath(req, tunnel !== undefined) ?? true;
    const startedMs = edge.now();
    const head = gateway.read(req);
    const trace = isMounted ? gateway.startTrace?.(head, startedMs) : undefined;
    trace?.mark('read');
    // The bytes after a request of unknown length cannot be parsed as a request.
    const willClose = edge.isDraining || head.headError?.headers.includes('Connection') === true;
    return {
      edge,
      gateway,
      req,
      res,
      head,
      startedMs,
      trace,
      tunnel,
      isMounted,
      willClose,
      isWaiting: false,
      parseError: undefined,
      isRecorded: false,
    };
  }

  async #handleWebSocket(req: IncomingMessage, socket: Socket, firstBytes: Buffer): Promise<void> {
    const res = responseOn(req, socket);
    if (this.#isFull()) {
      this.#rejectOverloaded(req, res);
      return;
    }
    this.#inFlight += 1;
    const slot = { isHeld: true };
    const opened = (): void => {
      slot.isHeld = false;
      this.#inFlight -= 1;
    };
    await this.#run(req, res, { socket, firstBytes, opened }, undefined);
    if (slot.isHeld) this.#inFlight -= 1;
  }

  #rejectOverloaded(req: IncomingMessage, res: ServerResponse): void {
    const { socket } = req;
    const state: ConnectionState = {
      res,
      head: unparsedHead(this.#options.newId(), socket, req),
      willClose: this.#state.isDraining,
      isWaiting: false,
      parseError: undefined,
    };
    this.#pipelinedRequests.recordBegin(socket, state);
    // Respond after the packet is parsed: a request that is complete in it can keep its connection open.
    queueMicrotask(() => this.#sendOverloaded(req, res, state));
  }

  #sendOverloaded(req: IncomingMessage, res: ServerResponse, { head, parseError }: ConnectionState): void {
    if (parseError) {
      this.#recordUnparsed(head, parseError, parseError.status);
      return;
    }
    const id = ['X-Request-Id', head.id];
    sendError(req, res, OVERLOADED, this.#state.isDraining ? [...id, 'Connection', 'close'] : id);
    this.#recordUnparsed(head, OVERLOADED, res.headersSent ? OVERLOADED.status : CLIENT_CLOSED_REQUEST);
  }
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
