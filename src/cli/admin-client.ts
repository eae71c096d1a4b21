/** Sends requests to the admin port of a running gateway. Called by `running-gateway.ts`. */
import { X509Certificate } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

/** Where an admin port is. */
export interface AdminPort {
  /** Its origin, for messages. */
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** The Host field to send. */
  readonly hostField: string;
  /** A certificate in PEM that is trusted besides those of known authorities: the file's own. */
  readonly certificate: string | undefined;
}

export interface AdminRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly credential: string;
  /** Sent as JSON. */
  readonly body?: object;
}

export interface AdminResponse {
  readonly status: number;
  /** Undefined where the body is not JSON. */
  readonly body: unknown;
}

/** No response, and why: a few words for a message. */
export class Unreachable extends Error {}

const CONNECT_MS = 2000;
const RESPONSE_MS = 10_000;
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;

/**
 * Sends a request. The credential is sent only after the certificate was checked.
 *
 * @throws Unreachable where there is no connection within 2 s, the certificate is not trusted, or there is no response
 *   within 10 s
 */
export async function askAdminPort(port: AdminPort, asked: AdminRequest): Promise<AdminResponse> {
  const socket = await openConnection(port);
  try {
    return await exchange(socket, port, asked);
  } finally {
    socket.destroy();
  }
}

async function openConnection(port: AdminPort): Promise<Socket> {
  const { host } = port;
  const address = { host, port: port.port };
  const socket = port.isTls
    ? connectTls({ ...address, ...(isIP(host) === 0 && { servername: host }), rejectUnauthorized: false })
    : connectTcp(address);
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => {
      socket.destroy();
      reject(new Unreachable(why));
    };
    const timer = setTimeout(() => fail('no connection within 2 s'), CONNECT_MS);
    socket.once('close', () => clearTimeout(timer));
    socket.on('error', (error: Error) => fail(codeOf(error)));
    socket.once(port.isTls ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      if (port.isTls && !isTrusted(socket as TLSSocket, port)) fail('its certificate is not trusted');
      else resolve();
    });
  });
  return socket;
}

/** The file's own certificate often belongs to a name, while the connection is to an address. */
function isTrusted(socket: TLSSocket, { certificate }: AdminPort): boolean {
  if (socket.authorized) return true;
  const shown = socket.getPeerX509Certificate();
  return certificate !== undefined && shown?.raw.equals(new X509Certificate(certificate).raw) === true;
}

function exchange(
  socket: Socket,
  { hostField }: AdminPort,
  { method, path, credential, body }: AdminRequest,
): Promise<AdminResponse> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Unreachable(why));
    const headers = {
      host: hostField,
      authorization: `Bearer ${credential}`,
      connection: 'close',
      ...(text !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      }),
    };
    const timer = setTimeout(() => fail('no response within 10 s'), RESPONSE_MS);
    request({ method, path, headers, createConnection: () => socket })
      .once('error', (error) => fail(codeOf(error)))
      .once('response', (response) => {
        readBody(response).then(
          (read) => resolve({ status: response.statusCode ?? 0, body: parseJson(read) }),
          (error: unknown) => fail(codeOf(error as Error)),
        );
      })
      .once('close', () => clearTimeout(timer))
      .end(text);
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_RESPONSE_BYTES) throw new Error('the response is too large');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A name that resolves to several addresses fails with an AggregateError, whose code is that of the first. */
function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
