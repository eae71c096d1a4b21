/** What every endpoint of the token service is: a method, and a function from a call to an answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FlatHeaders } from '../../model/refusal.js';

/** A request on its way through the token service. */
export interface Call {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The query without its `?`, taken out of the request: it may hold a secret. */
  readonly query: string;
  readonly clientIp: string;
  readonly requestId: string;
}

export interface EndpointResponse {
  readonly status: number;
  /** Names and values in turn. */
  readonly fields: FlatHeaders;
  readonly body: string;
  /** The error's code, where it is one. */
  readonly reason?: string;
}

/** As the log and the metrics name them. */
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
  /** HEAD is answered by a GET endpoint. */
  readonly method: 'GET' | 'POST';
  answer(call: Call): EndpointResponse | Promise<EndpointResponse>;
}

export function jsonAnswer(value: object): EndpointResponse {
  return { status: 200, fields: ['Content-Type', 'application/json'], body: JSON.stringify(value) };
}
