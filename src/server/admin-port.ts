/** The admin port's server, with the same order and refusals as the public port. Called by `server.ts`. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ServerHandlers } from './listening-server.js';
import { ParseErrorHandler } from './parse-error.js';
import { PipelinedRequests } from './pipelined-requests.js';
import { unparsedHead } from './record-unparsed.js';

/**
 * The handlers of the admin port's server. Its requests are not exchanges of the gateway, so none is recorded, not even
 * one that is refused before it reaches the app.
 */
export class AdminPort implements ServerHandlers {
  readonly #app: RequestListener;
  readonly #newId: () => string;
  readonly #pipelinedRequests: PipelinedRequests;
  readonly #parseErrors: ParseErrorHandler;

  constructor(app: RequestListener, newId: () => string) {
    const recordUnparsed = (): void => undefined;
    this.#app = app;
    this.#newId = newId;
    this.#pipelinedRequests = new PipelinedRequests({ newId, recordUnparsed });
    this.#parseErrors = new ParseErrorHandler(this.#pipelinedRequests, { newId, recordUnparsed });
  }

  /** Passes a request to the app: now, or when the responses to earlier requests of its connection are complete. */
  accept(req: IncomingMessage, res: ServerResponse): void {
    const order = this.#pipelinedRequests.orderOf(req, res, true);
    if (order === 'now') this.#begin(req, res);
    else if (order === 'later') this.#pipelinedRequests.wait(req, res, () => this.#begin(req, res));
  }

  /** Handles a parse error of the server. */
  handleParseError(error: NodeJS.ErrnoException, socket: Duplex): void {
    this.#parseErrors.handle(error, socket);
  }

  #begin(req: IncomingMessage, res: ServerResponse): void {
    const head = unparsedHead(this.#newId(), req.socket, req);
    this.#pipelinedRequests.recordBegin(req.socket, {
      res,
      head,
      willClose: false,
      isWaiting: false,
      parseError: undefined,
    });
    this.#app(req, res);
  }
}
