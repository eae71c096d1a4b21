/** The common form of the token service's endpoints: a method, and a function from a call to a response. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FlatHeaders } from '../../model/refusal.js';
import type { EndpointMethod } from '../../model/token-paths.js';

/** A request in the token service. */
export interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The query without its `?`. It may hold a secret, so it was removed from the request. */
  readonly query: string;
  readonly clientIp: string;
  readonly requestId: string;
}

export interface EndpointResponse {
  readonly status: number;
  /** Alternating names and values. */
  readonly fields: FlatHeaders;
  readonly body: string;
  /** The error's code, if the response is an error. */
  readonly reason?: string;
}

/** The endpoints' names in the access log. */
export type EndpointName =
  | 'key_secret'
  | 'client_credentials'
  | 'password'
  | 'named'
  | 'whoami'
  | 'jwks'
  | 'metadata'
  | 'revoke'
  | 'introspect';

export interface Endpoint {
  readonly name: EndpointName;
  /** A GET endpoint also handles HEAD. */
  readonly method: EndpointMethod;
  /** Handles a call. If it throws or rejects, the response is 503. */
  respond(call: Call): EndpointResponse | Promise<EndpointResponse>;
}

/** A 200 response with a JSON body. */
export function jsonResponse(value: object): EndpointResponse {
  return { status: 200, fields: ['Content-Type', 'application/json'], body: JSON.stringify(value) };
}
