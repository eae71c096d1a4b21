/**
 * The order of the requests of one connection (pipelining, RFC 9112 9.3.2).
 *
 *   request ──┬── nothing before it, or all of them are safe ──▶ begins now
 *             ├── others before it ──▶ waits until they have been responded to
 *             └── behind a response that closes the connection ──▶ never begins
 *
 * A request that waits is neither counted nor forwarded nor recorded before it begins, so one whose connection ends
 * meanwhile leaves no trace. A request that is alone on its connection costs one look at its response's socket.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { sendRawError } from './send-error.js';
import { closesAfterResponse, type ConnectionState } from './connection-state.js';
import { unparsedHead, type RecordUnparsed } from './record-unparsed.js';

export type Order = 'now' | 'later' | 'never';

export interface Pipelines {
  /** The latest request of a connection, by which whatever comes behind it is judged. */
  readonly latest: (socket: Duplex) => ConnectionState | undefined;
  /** Records that a request has begun. */
  readonly enter: (socket: Duplex, turn: ConnectionState) => void;
  /** @param mayShare false where others may respond to requests of the connection, of whom nothing is known here */
  readonly orderOf: (req: IncomingMessage, res: ServerResponse, mayShare: boolean) => Order;
  /**
   * Calls `begin` when all requests before this one have been responded to; never where the connection ends before. A
   * request whose own body turns out to be broken meanwhile is refused in its turn instead.
   */
  readonly wait: (req: IncomingMessage, res: ServerResponse, begin: () => void) => void;
}

export interface PipelinesOptions {
  readonly newId: () => string;
  readonly tellUnread: RecordUnparsed;
}

/** RFC 9110 9.2.1. */
const SAFE: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * So many requests of one connection may wait before no more is read from it; what was read already, at most 64 KiB, is
 * taken up. Below it the connection is read on, so that a client that leaves is noticed at once.
 */
const MOST_WAITING = 64;

interface Queue {
  waiting: number;
  isPaused: boolean;
}

export function createPipelines({ newId, tellUnread }: PipelinesOptions): Pipelines {
  const turns = new WeakMap<Duplex, ConnectionState>();
  const queues = new WeakMap<Duplex, Queue>();

  function enter(socket: Duplex, turn: ConnectionState): void {
    const latest = turns.get(socket);
    // What waits came later than what begins.
    if (latest?.isWaiting !== true || latest.res === turn.res) turns.set(socket, turn);
  }

  function join(socket: Duplex): Queue {
    let queue = queues.get(socket);
    if (queue === undefined) queues.set(socket, (queue = { waiting: 0, isPaused: false }));
    queue.waiting += 1;
    if (queue.waiting < MOST_WAITING) return queue;
    queue.isPaused = true;
    // At the end of each request Node's parser reads on: only when it is through with what it has, this holds.
    process.nextTick(() => socket.pause());
    return queue;
  }

  function leave(socket: Duplex, queue: Queue): void {
    queue.waiting -= 1;
    if (!queue.isPaused || queue.waiting > MOST_WAITING / 2) return;
    queue.isPaused = false;
    socket.resume();
  }

  return {
    latest: (socket) => turns.get(socket),
    enter,
    orderOf(req, res, mayShare) {
      const earlier = turns.get(req.socket);
      if (earlier && closesAfterResponse(earlier)) return 'never';
      // A response gets its socket when all before it are over.
      if (res.socket !== null) return 'now';
      if (!mayShare || earlier === undefined || earlier.isWaiting) return 'later';
      return isShareable(earlier.res.req) && isShareable(req) ? 'now' : 'later';
    },
    wait(req, res, begin) {
      const { socket } = req;
      const head = unparsedHead(newId(), socket, req);
      const turn: ConnectionState = { res, head, willClose: false, isWaiting: true, parseError: undefined };
      turns.set(socket, turn);
      const queue = join(socket);
      const start = (): void => {
        turn.isWaiting = false;
        leave(socket, queue);
        if (socket.destroyed) return;
        if (turn.parseError === undefined) {
          begin();
          return;
        }
        sendRawError(socket, turn.parseError, head);
        tellUnread(head, turn.parseError, turn.parseError.status);
      };
      // Node is still about to write what was ready before.
      res.once('socket', () => process.nextTick(start));
    },
  };
}

/**
 * Whether a request may run beside others of its connection. Beyond the method: one with a body or an expectation may
 * turn out to end the connection, as may one in HTTP/1.0, and what ran behind it would never be responded to.
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
