/**
 * Parses a request as the public port does, without a connection: for `explain`. So what Node's parser refuses is refused
 * here too.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { MAX_HEADER_BYTES } from '../model/bounds.js';
import { type FlatHeaders, Refusal } from '../model/refusal.js';
import { refusalOf, UnsupportedConnect } from './parse-error.js';
import { asksForWebSocket } from './upgrade.js';

/** A request as a client would send it, without a body. */
export interface RawRequest {
  readonly method: string;
  /** The target as on the request line. */
  readonly target: string;
  /** All fields, Host too. */
  readonly headers: FlatHeaders;
  /** The address of the connection's other side. */
  readonly peer: string;
  /** Whether the connection has TLS. */
  readonly encrypted: boolean;
}

const LINE_BREAK = new Refusal('malformed_request', [], 'a line break in the head');

/** A parsed head, and whether it is a WebSocket handshake. */
export interface ParsedRequest {
  readonly req: IncomingMessage;
  readonly tunnel: boolean;
}

/**
 * Parses a request head with Node's parser. Resolves to the refusal that the public port would send where the parser
 * refuses it, or undefined where it would close the connection. Never rejects.
 */
export async function parseRequest(request: RawRequest): Promise<ParsedRequest | Refusal | undefined> {
  if (hasLineBreak(request)) return LINE_BREAK;
  const connection = connectionOf(request);
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, requireHostHeader: false });
  server.maxHeadersCount = 0;
  const parsed = await new Promise<ParsedRequest | Refusal | undefined>((resolve) => {
    const plain = (req: IncomingMessage): void => resolve({ req, tunnel: false });
    server
      .on('request', plain)
      .on('checkContinue', plain)
      .on('checkExpectation', plain)
      .on('connect', () => resolve(refusalOf(new UnsupportedConnect())))
      .on('clientError', (error) => resolve(refusalOf(error)))
      .on('upgrade', (req) => resolve(upgradeOf(req)));
    connection.once('close', () => resolve(undefined));
    server.emit('connection', connection);
  });
  connection.destroy();
  return parsed;
}

/** Such a text would end its line, and what follows could be another request. */
function hasLineBreak({ method, target, headers }: RawRequest): boolean {
  return [method, target, ...headers].some((text) => /[\r\n]/.test(text));
}

/** Any other upgrade than to a WebSocket is ignored, with its field (`upgrade.ts`). */
function upgradeOf(req: IncomingMessage): ParsedRequest {
  if (asksForWebSocket(req)) return { req, tunnel: true };
  req.rawHeaders = req.rawHeaders.filter(
    (_, at, fields) => fields[at - (at % 2)]!.toLowerCase() !== 'upgrade',
  );
  return { req, tunnel: false };
}

/** A stream from which the parser reads the head, with what the read step asks of a socket. */
function connectionOf({ method, target, headers, peer, encrypted }: RawRequest): Duplex {
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (let at = 0; at + 1 < headers.length; at += 2) head += `${headers[at]!}: ${headers[at + 1]!}\r\n`;
  const bytes = Buffer.from(`${head}\r\n`, 'latin1');
  const connection = new Duplex({
    read() {
      this.push(bytes);
      this.push(null);
    },
    write: (_chunk, _encoding, done) => done(),
  });
  return Object.assign(connection, { remoteAddress: peer, ...(encrypted && { encrypted }) });
}
