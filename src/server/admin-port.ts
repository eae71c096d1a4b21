/** Handlers of the admin port's server, with the same order and refusals as the public port. Called by `server.ts`. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createParseErrorHandler } from './parse-error.js';
import { createPipelines } from './pipeline.js';
import type { ServerHandlers } from './listening-server.js';
import { unparsedHead } from './record-unparsed.js';

/**
 * Creates the handlers of the admin port's server. Its requests are not exchanges of the gateway, so none is recorded,
 * not even one that is refused before it reaches the app.
 */
export function adminHandlers(app: RequestListener, newId: () => string): ServerHandlers {
  const recordUnparsed = (): void => undefined;
  const pipelines = createPipelines({ newId, tellUnread: recordUnparsed });

  function begin(req: IncomingMessage, res: ServerResponse): void {
    const head = unparsedHead(newId(), req.socket, req);
    pipelines.enter(req.socket, {
      res,
      head,
      willClose: false,
      isWaiting: false,
      parseError: undefined,
    });
    app(req, res);
  }

  return {
    request(req, res) {
      const order = pipelines.orderOf(req, res, true);
      if (order === 'now') begin(req, res);
      else if (order === 'later') pipelines.wait(req, res, () => begin(req, res));
    },
    clientError: createParseErrorHandler({ latest: pipelines.latest, newId, recordUnparsed }),
  };
}
