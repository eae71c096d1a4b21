/** Publishes the keys of a test issuer over HTTP on loopback, for a gateway in another process. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A running server of public keys. */
export interface JwksServer {
  /** The URL of the JWKS: `http://127.0.0.1:PORT/jwks`. */
  readonly url: string;
  /** Closes the server and its connections. */
  readonly close: () => Promise<void>;
}

/**
 * Serves a JWKS at `/jwks`, and the discovery document that names it (OpenID Connect Discovery 1.0, 4).
 * @param iss the `issuer` of the discovery document; false: there is none
 * @param port 0: a free one. Rejects if it is in use
 */
export async function serveJwks(jwks: object, iss: string | false, port: number): Promise<JwksServer> {
  const documents = new Map<string | undefined, object>();
  const server = createServer((request, response) => {
    const document = documents.get(request.url);
    if (!document) response.writeHead(404).end();
    else response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(document));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  documents.set('/jwks', jwks);
  if (iss !== false) documents.set('/.well-known/openid-configuration', { issuer: iss, jwks_uri: url });
  return {
    url,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
