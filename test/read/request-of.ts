/** Requests that Node's parser or this machine's network would never deliver to the reader. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';

export interface RequestOptions {
  readonly method?: string;
  readonly target?: string;
  readonly peer?: string;
  readonly version?: string;
  readonly socket?: Socket;
}

/** @param fields names and values in turn, beside `Host: api.example` unless they have one */
export function requestOf(fields: readonly string[], options: RequestOptions = {}): IncomingMessage {
  const socket = options.socket ?? new Socket();
  if (options.peer !== undefined) Object.defineProperty(socket, 'remoteAddress', { value: options.peer });
  const req = new IncomingMessage(socket);
  req.method = options.method ?? 'GET';
  req.url = options.target ?? '/';
  req.httpVersion = options.version ?? '1.1';
  const hasHost = fields.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
  req.rawHeaders = hasHost ? [...fields] : ['Host', 'api.example', ...fields];
  return req;
}
