/** Node's own server, as the gate wants it: the strict parser, its bounds and times, and TLS with what the file names. */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Server as TlsServer, type SecureContextOptions } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { MAX_HEADER_BYTES } from '../model/bounds.js';
import type { ClientSettings, ListenTls } from '../model/settings.js';

export interface NodeServer {
  readonly server: Server;
  /** Takes over the bounds and, where both are TLS, the certificate; connections that are open keep theirs. */
  readonly applySettings: (tls: ListenTls | undefined, client: ClientSettings) => void;
}

export interface NodeServerOptions extends Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'> {
  /**
   * Whether a whole request, its body too, must arrive within `headerTimeoutMs` and `bodyTimeoutMs` together. False where
   * bodies are streamed, and their pauses watched.
   */
  readonly boundsWholeRequest: boolean;
}

export function createNodeServer(
  tls: ListenTls | undefined,
  client: ClientSettings,
  { boundsWholeRequest, ...classes }: NodeServerOptions,
  handle: RequestListener,
): NodeServer {
  const options: ServerOptions = {
    ...classes,
    maxHeaderSize: MAX_HEADER_BYTES,
    // The gate answers a missing Host itself, with its own body and request id.
    requireHostHeader: false,
    connectionsCheckingInterval: Math.min(1000, client.headerTimeoutMs),
  };
  const server = tls
    ? createTlsServer(
        {
          ...options,
          ...identityOf(tls),
          ...(tls.clientCa !== undefined && { requestCert: true, rejectUnauthorized: true }),
          // Before its end a connection is none of HTTP's, and no other timer runs.
          handshakeTimeout: client.headerTimeoutMs,
        },
        handle,
      )
    : createServer(options, handle);
  // Silently dropping the fields past a count would let a request be read in two ways: the reader counts and refuses.
  server.maxHeadersCount = 0;

  let shown = tls;
  const follow: NodeServer['applySettings'] = (next, settings) => {
    const { headerTimeoutMs, bodyTimeoutMs, keepAliveMs, maxConnections } = settings;
    server.headersTimeout = headerTimeoutMs;
    // A streamed body may take as long as it keeps coming: forward/ watches its pauses.
    server.requestTimeout = boundsWholeRequest ? headerTimeoutMs + bodyTimeoutMs : 0;
    server.keepAliveTimeout = keepAliveMs;
    server.maxConnections = maxConnections;
    if (!(server instanceof TlsServer) || !canBeShown(next, shown)) return;
    server.setSecureContext(identityOf(next));
    shown = next;
  };
  follow(tls, client);
  return { server, applySettings: follow };
}

function identityOf({ cert, key, clientCa }: ListenTls): SecureContextOptions {
  return { cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}

/** Whether clients are asked for a certificate is settled when the port is opened: with other authorities, not with none. */
function canBeShown(next: ListenTls | undefined, shown: ListenTls | undefined): next is ListenTls {
  if (!next || !shown || isDeepStrictEqual(next, shown)) return false;
  return (next.clientCa === undefined) === (shown.clientCa === undefined);
}
