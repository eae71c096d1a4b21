/**
 * Express without its toll.
 *
 * At each request Express sets the prototypes of `req` and `res`, which on Node 20 makes Node's own objects slow and
 * costs several times what the rest of a proxied request does. Here the server is given two classes whose prototypes
 * already are the ones that Express wants to set, so that its call changes nothing. Everything of Express stays.
 */
import { IncomingMessage, ServerResponse, type ServerOptions } from 'node:http';
import express, { type Express } from 'express';

export interface ExpressServer {
  readonly app: Express;
  /** To be given to `http.createServer` or `https.createServer` beside the app. */
  readonly classes: Required<Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'>>;
}

export function createExpressServer(): ExpressServer {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.enable('case sensitive routing');
  app.set('trust proxy', false);

  class GateRequest extends IncomingMessage {}
  class GateResponse<R extends IncomingMessage = IncomingMessage> extends ServerResponse<R> {}
  Object.setPrototypeOf(GateRequest.prototype, app.request);
  Object.setPrototypeOf(GateResponse.prototype, app.response);
  Object.assign(app, { request: GateRequest.prototype, response: GateResponse.prototype });
  return { app, classes: { IncomingMessage: GateRequest, ServerResponse: GateResponse } };
}
