/**
 * A listening server: Node's own, strict parser in front of Express, with the answers to what never becomes a request
 * (bytes that cannot be parsed, CONNECT), and a drain that loses nothing.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Server as NetServer, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer, type SecureContextOptions } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import type { ClientSettings, ListenAddress, ListenTls } from '../model/settings.js';
import { keepDraining } from './upgrade.js';

export interface ServerHandlers {
  readonly request: RequestListener;
  readonly upgrade?: (req: IncomingMessage, socket: Duplex, firstBytes: Buffer) => void;
  /** Bytes that are no request, or a head that did not arrive in time. */
  readonly clientError: (error: NodeJS.ErrnoException, socket: Duplex) => void;
}

export interface RunningServer {
  readonly address: AddressInfo;
  /** Takes over the times and, where both are TLS, the certificate; connections that are open keep theirs. */
  follow(tls: ListenTls | undefined, client: ClientSettings): void;
  /** Takes no new connections, lets what is under way end, and cuts what is left at the deadline. */
  drain(deadlineMs: number): Promise<void>;
}

/** Request line and header fields together (more is a 431). */
const MAX_HEADER_BYTES = 16 * 1024;
/** Idle connections are closed this long after a drain began, so that a request already on its way is not reset. */
const IDLE_GRACE_MS = 300;

export async function startServer(
  address: ListenAddress,
  client: ClientSettings,
  classes: Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'>,
  handlers: ServerHandlers,
): Promise<RunningServer> {
  const options: ServerOptions = {
    ...classes,
    maxHeaderSize: MAX_HEADER_BYTES,
    // The gate answers a missing Host itself, with its own body and request id.
    requireHostHeader: false,
    headersTimeout: client.headerTimeoutMs,
    // A body may take as long as it keeps coming: forward/ watches its pauses.
    requestTimeout: 0,
    keepAliveTimeout: client.keepAliveMs,
    connectionsCheckingInterval: Math.min(1000, client.headerTimeoutMs),
  };
  const { tls } = address;
  const server = tls
    ? createTlsServer(
        {
          ...options,
          ...identityOf(tls),
          ...(tls.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true }),
        },
        handlers.request,
      )
    : createServer(options, handlers.request);
  // Silently dropping the fields past a count would let a request be read in two ways: the reader counts and refuses.
  server.maxHeadersCount = 0;

  // Tunnels leave the server's own list of connections, so the drain keeps one.
  const tunnels = new Set<Duplex>();
  const { upgrade } = handlers;
  if (upgrade) {
    server.on('upgrade', (req: IncomingMessage, socket, firstBytes) => {
      // A connection may ask more than once, where what it asks for is not taken up.
      if (!tunnels.has(socket)) {
        tunnels.add(socket);
        keepDraining(socket);
        socket.once('close', () => tunnels.delete(socket));
      }
      upgrade(req, socket, firstBytes);
    });
  }
  server.on('checkContinue', handlers.request);
  server.on('checkExpectation', handlers.request);
  server.on('clientError', handlers.clientError);
  server.on('connect', (_req, socket) => {
    keepDraining(socket);
    handlers.clientError(new UnsupportedConnect(), socket);
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(address.port, address.host, () => {
      server.off('error', reject);
      resolve();
    });
  });

  let shown = tls;

  return {
    address: server.address() as AddressInfo,
    follow(next, { headerTimeoutMs, keepAliveMs }) {
      server.headersTimeout = headerTimeoutMs;
      server.keepAliveTimeout = keepAliveMs;
      if (!(server instanceof TlsServer) || !canBeShown(next, shown)) return;
      server.setSecureContext(identityOf(next));
      shown = next;
    },
    drain(deadlineMs) {
      const closed = new Promise<void>((resolve) => {
        // http.Server.close would reset idle connections at once, and with them requests that are on their way.
        NetServer.prototype.close.call(server, () => resolve());
      });
      const idle = setInterval(() => server.closeIdleConnections(), IDLE_GRACE_MS);
      const deadline = setTimeout(() => {
        server.closeAllConnections();
        for (const socket of tunnels) socket.destroy();
      }, deadlineMs);
      return closed.finally(() => {
        clearInterval(idle);
        clearTimeout(deadline);
        server.closeAllConnections();
      });
    },
  };
}

function identityOf({ cert, key, clientCa }: ListenTls): SecureContextOptions {
  return { cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}

/** Whether clients are asked for a certificate is settled when the port is opened: with other authorities, not with none. */
function canBeShown(next: ListenTls | undefined, shown: ListenTls | undefined): next is ListenTls {
  if (!next || !shown || isDeepStrictEqual(next, shown)) return false;
  return (next.clientCa === undefined) === (shown.clientCa === undefined);
}

/** CONNECT is never tunnelled: it is answered 405, as under every route. */
export class UnsupportedConnect extends Error {
  readonly code = 'TOLLGATE_CONNECT';
}
