/** What the server of the admin port does with what arrives: the same order and the same refusals as at the public port. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createAnswerParseError } from './parse-error.js';
import { createPipelines } from './pipeline.js';
import type { ServerHandlers } from './server.js';
import { unreadHead } from './unread.js';

/**
 * The handlers of the admin port's server. Its requests are no exchanges of the gate: none is recorded, whether it
 * reaches the app or is refused before.
 */
export function adminHandlers(app: RequestListener, newId: () => string): ServerHandlers {
  const tellUnread = (): void => undefined;
  const pipelines = createPipelines({ newId, tellUnread });

  function begin(req: IncomingMessage, res: ServerResponse): void {
    const head = unreadHead(newId(), req.socket, req);
    pipelines.enter(req.socket, { res, head, isLast: false, isWaiting: false, broken: undefined });
    app(req, res);
  }

  return {
    request(req, res) {
      const order = pipelines.orderOf(req, res, true);
      if (order === 'now') begin(req, res);
      else if (order === 'later') pipelines.wait(req, res, () => begin(req, res));
    },
    clientError: createAnswerParseError({ latest: pipelines.latest, newId, tellUnread }),
  };
}
