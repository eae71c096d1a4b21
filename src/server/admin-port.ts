/** What the server of the admin port does with what arrives: the same order and the same refusals as at the public port. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createParseErrorHandler } from './parse-error.js';
import { createPipelines } from './pipeline.js';
import type { ServerHandlers } from './listening-server.js';
import { unparsedHead } from './record-unparsed.js';

/**
 * The handlers of the admin port's server. Its requests are no exchanges of the gate: none is recorded, whether it
 * reaches the app or is refused before.
 */
export function adminHandlers(app: RequestListener, newId: () => string): ServerHandlers {
  const tellUnread = (): void => undefined;
  const pipelines = createPipelines({ newId, tellUnread });

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
    clientError: createParseErrorHandler({ latest: pipelines.latest, newId, recordUnparsed: tellUnread }),
  };
}
