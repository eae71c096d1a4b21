/**
 * Express without its cost per request. Called by `server.ts`.
 *
 * Express sets the prototypes of `req` and `res` for each request. On Node 20 this makes Node's own objects slow and costs
 * several times as much as the rest of a proxied request. Here the server uses two classes that already have the
 * prototypes that Express sets, so its call changes nothing. All of Express keeps working.
 */
import { IncomingMessage, ServerResponse, type ServerOptions } from 'node:http';
import express, { type Express } from 'express';

export interface ExpressServer {
  readonly app: Express;
  /** Options for `http.createServer` or `https.createServer`, which the app requires. */
  readonly classes: Required<Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'>>;
}

/** Creates an Express app and the request and response classes that its server must use. */
export function createExpressServer(): ExpressServer {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.enable('case sensitive routing');
  app.set('trust proxy', false);

  class GatewayRequest extends IncomingMessage {}
  class GatewayResponse<R extends IncomingMessage = IncomingMessage> extends ServerResponse<R> {}
  Object.setPrototypeOf(GatewayRequest.prototype, app.request);
  Object.setPrototypeOf(GatewayResponse.prototype, app.response);
  Object.assign(app, { request: GatewayRequest.prototype, response: GatewayResponse.prototype });
  return { app, classes: { IncomingMessage: GatewayRequest, ServerResponse: GatewayResponse } };
}
