/** Creates Node's server with the strict parser, its bounds and timeouts, and TLS. Called by `listening-server.ts`. */
import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Server as TlsServer, type SecureContextOptions } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { MAX_HEADER_BYTES } from '../model/bounds.js';
import type { ClientSettings, ListenTls } from '../model/settings.js';

export interface NodeServer {
  readonly server: Server;
  /** Applies new bounds and, where both are TLS, the new certificate; open connections keep theirs. */
  readonly applySettings: (tls: ListenTls | undefined, client: ClientSettings) => void;
}

export interface NodeServerOptions extends Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'> {
  /**
   * Whether a whole request with its body must arrive within the sum of `headerTimeoutMs` and `bodyTimeoutMs`. False where
   * bodies are streamed and a timeout applies to each pause instead.
   */
  readonly boundsWholeRequest: boolean;
}

/** Creates a server that does not listen yet, over TLS where `tls` is present. */
export function createNodeServer(
  tls: ListenTls | undefined,
  client: ClientSettings,
  { boundsWholeRequest, ...classes }: NodeServerOptions,
): NodeServer {
  const options: ServerOptions = {
    ...classes,
    maxHeaderSize: MAX_HEADER_BYTES,
    // The gateway refuses a missing Host itself, with its own body and request id.
    requireHostHeader: false,
    connectionsCheckingInterval: Math.min(1000, client.headerTimeoutMs),
  };
  const server = tls
    ? createTlsServer({
        ...options,
        ...identityOf(tls),
        ...(tls.clientCa !== undefined && { requestCert: true, rejectUnauthorized: true }),
        // No HTTP timer runs until the handshake has finished.
        handshakeTimeout: client.headerTimeoutMs,
      })
    : createServer(options);
  // Node would silently drop fields beyond a count, and a request could be read in two ways. read/ counts and refuses.
  server.maxHeadersCount = 0;

  let current = tls;
  const applySettings: NodeServer['applySettings'] = (next, settings) => {
    const { headerTimeoutMs, bodyTimeoutMs, keepAliveMs, maxConnections } = settings;
    server.headersTimeout = headerTimeoutMs;
    // A streamed body may take any time as long as data arrives: forward/ bounds the pauses.
    server.requestTimeout = boundsWholeRequest ? headerTimeoutMs + bodyTimeoutMs : 0;
    server.keepAliveTimeout = keepAliveMs;
    server.maxConnections = maxConnections;
    if (!(server instanceof TlsServer) || !canReplace(next, current)) return;
    server.setSecureContext(identityOf(next));
    current = next;
  };
  applySettings(tls, client);
  return { server, applySettings };
}

function identityOf({ cert, key, clientCa }: ListenTls): SecureContextOptions {
  return { cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}

/** Opening the port decides whether client certificates are requested: later, only the authorities can change. */
function canReplace(next: ListenTls | undefined, current: ListenTls | undefined): next is ListenTls {
  if (!next || !current || isDeepStrictEqual(next, current)) return false;
  return (next.clientCa === undefined) === (current.clientCa === undefined);
}
