/**
 * Orders the requests of one connection (pipelining, RFC 9112 9.3.2). Called by `edge.ts` and `admin-port.ts`.
 *
 *   request ──┬── no earlier request, or all of them are safe ──▶ begins now
 *             ├── other earlier requests ──▶ waits until their responses are complete
 *             └── after a response that closes the connection ──▶ never begins
 *
 * A waiting request is not counted, forwarded or recorded before it begins, nor at all if its connection ends first. A
 * request that is alone on its connection costs one look at its response's socket.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Refusal } from '../model/refusal.js';
import { sendRawError } from './send-error.js';
import { closesAfterResponse, type ConnectionState } from './connection-state.js';
import { unparsedHead, type RecordUnparsed } from './record-unparsed.js';

export type Order = 'now' | 'later' | 'never';

export interface PipelinedRequestsOptions {
  readonly newId: () => string;
  readonly recordUnparsed: RecordUnparsed;
}

/** RFC 9110 9.2.1. */
const SAFE: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Reading pauses when this many requests of one connection wait; what was already read, at most 64 KiB, is still
 * processed. With fewer, reading continues, so that a disconnect is noticed at once.
 */
const MOST_WAITING = 64;

interface Queue {
  waiting: number;
  isPaused: boolean;
}

/** The order of requests on the connections of one server. */
export class PipelinedRequests {
  readonly #options: PipelinedRequestsOptions;
  /** The latest request of each connection. */
  readonly #states = new WeakMap<Duplex, ConnectionState>();
  readonly #queues = new WeakMap<Duplex, Queue>();

  constructor(options: PipelinedRequestsOptions) {
    this.#options = options;
  }

  /** Returns the latest request of a connection, begun or waiting. It decides what may follow it. */
  latest(socket: Duplex): ConnectionState | undefined {
    return this.#states.get(socket);
  }

  /** Records that a request has begun. */
  recordBegin(socket: Duplex, state: ConnectionState): void {
    const latest = this.#states.get(socket);
    // A waiting request arrived later than one that begins, so it remains the latest.
    if (latest?.isWaiting !== true || latest.res === state.res) this.#states.set(socket, state);
  }

  /**
   * Decides when a request may begin.
   *
   * @param mayShare false where other code may respond to requests of the connection: then none run concurrently
   */
  orderOf(req: IncomingMessage, res: ServerResponse, mayShare: boolean): Order {
    const earlier = this.#states.get(req.socket);
    if (earlier && closesAfterResponse(earlier)) return 'never';
    // Node assigns the socket to a response when all earlier responses are complete.
    if (res.socket !== null) return 'now';
    if (!mayShare || earlier === undefined || earlier.isWaiting) return 'later';
    return isShareable(earlier.res.req) && isShareable(req) ? 'now' : 'later';
  }

  /**
   * Calls `begin` when the responses to all earlier requests are complete; never if the connection ends first. A request
   * whose body fails to parse meanwhile is refused then instead.
   */
  wait(req: IncomingMessage, res: ServerResponse, begin: () => void): void {
    const { socket } = req;
    const head = unparsedHead(this.#options.newId(), socket, req);
    const state: ConnectionState = { res, head, willClose: false, isWaiting: true, parseError: undefined };
    this.#states.set(socket, state);
    const queue = this.#enqueue(socket);
    const start = (): void => {
      state.isWaiting = false;
      dequeue(socket, queue);
      if (socket.destroyed) return;
      if (state.parseError === undefined) begin();
      else this.#refuse(socket, state, state.parseError);
    };
    // Node still has to write the data that was ready before, so start after it.
    res.once('socket', () => process.nextTick(start));
  }

  #refuse(socket: Duplex, { head }: ConnectionState, refusal: Refusal): void {
    sendRawError(socket, refusal, head);
    this.#options.recordUnparsed(head, refusal, refusal.status);
  }

  #enqueue(socket: Duplex): Queue {
    let queue = this.#queues.get(socket);
    if (queue === undefined) this.#queues.set(socket, (queue = { waiting: 0, isPaused: false }));
    queue.waiting += 1;
    if (queue.waiting < MOST_WAITING) return queue;
    queue.isPaused = true;
    // Node's parser resumes reading at the end of each request, so pause after it has processed the current data.
    process.nextTick(() => socket.pause());
    return queue;
  }
}

function dequeue(socket: Duplex, queue: Queue): void {
  queue.waiting -= 1;
  if (!queue.isPaused || queue.waiting > MOST_WAITING / 2) return;
  queue.isPaused = false;
  socket.resume();
}

/**
 * Returns whether a request may run concurrently with others of its connection. A request with a body or an expectation,
 * or in HTTP/1.0, may end the connection, and the requests after it would get no response.
 */
function isShareable({ method, httpVersionMinor, headers }: IncomingMessage): boolean {
  return (
    SAFE.has(method) &&
    httpVersionMinor === 1 &&
    headers.expect === undefined &&
    headers['transfer-encoding'] === undefined &&
    Number(headers['content-length'] ?? 0) === 0
  );
}
