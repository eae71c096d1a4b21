/** How an issuer's documents are requested: TLS, and header fields that no other origin gets. */
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { jwksUriOf, createReadDocument } from '../../src/authenticate/key-source.js';
import type { KeyRequest, KeyRequestTls, KeySource } from '../../src/model/issuer.js';
import { createAuthority, type Authority, type Certificate } from '../support/certificates.js';

let authority: Authority;
let certificate: Certificate;
let internal: Certificate;
let client: Certificate;
const servers: DocumentServer[] = [];

interface DocumentServer {
  readonly origin: string;
  readonly requests: {
    readonly url: string;
    readonly headers: IncomingHttpHeaders;
    readonly name: unknown;
  }[];
  close(): void;
}

beforeAll(() => {
  authority = createAuthority();
  certificate = authority.issue('documents');
  internal = authority.issue('internal', 'DNS:issuer.internal');
  client = authority.issue('client');
});

afterEach(() => servers.splice(0).forEach((server) => server.close()));
afterAll(() => authority.close());

const ISSUER = 'https://login.example/tenant';
const JWKS = { keys: [] };

/** Serves `/jwks`, and metadata that names `jwksUri`, or its own. */
async function startServer(
  options: ServerOptions = certificate,
  jwksUri?: string,
  status = 200,
): Promise<DocumentServer> {
  const requests: DocumentServer['requests'] = [];
  const server = createServer(
    { cert: options.cert, key: options.key, ca: options.ca, requestCert: options.requestCert ?? false },
    (request: IncomingMessage, response: ServerResponse) => {
      const { url = '', headers, socket } = request;
      requests.push({ url, headers, name: 'servername' in socket && socket.servername });
      const document = url === '/jwks' ? JWKS : { issuer: ISSUER, jwks_uri: jwksUri ?? `${origin}/jwks` };
      response.writeHead(status).end(JSON.stringify(document));
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const opened = { origin, requests, close: () => void server.close() };
  servers.push(opened);
  return opened;
}

function requestWith(tls: Partial<KeyRequestTls> = {}, changes: Partial<KeyRequest> = {}): KeyRequest {
  return {
    tls: { ca: authority.cert, cert: undefined, key: undefined, serverName: undefined, ...tls },
    headers: [],
    insecureHttp: false,
    ...changes,
  };
}

const read = (source: KeySource): Promise<unknown> =>
  createReadDocument(source)(new AbortController().signal);
const readAt = ({ origin }: DocumentServer, request?: KeyRequest): Promise<unknown> =>
  read({ kind: 'url', url: `${origin}/jwks`, request });
const discoverAt = ({ origin }: DocumentServer, request: KeyRequest): Promise<unknown> =>
  read({ kind: 'discovery', issuer: ISSUER, url: `${origin}/metadata`, request });

describe('A request for keys', () => {
  it('verifies the server with the authorities of the file, and with its name', async () => {
    const server = await startServer();
    expect(await readAt(server, requestWith())).toEqual(JWKS);
    await expect(readAt(server)).rejects.toThrow(/UNABLE_TO_VERIFY|SELF_SIGNED/);
    await expect(readAt(server, requestWith({ ca: undefined }))).rejects.toThrow(
      /UNABLE_TO_VERIFY|SELF_SIGNED/,
    );
    await expect(readAt(server, requestWith({ serverName: 'other.internal' }))).rejects.toThrow(
      'ERR_TLS_CERT_ALTNAME_INVALID',
    );
    const named = await startServer(internal);
    await expect(readAt(named, requestWith())).rejects.toThrow('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await readAt(named, requestWith({ serverName: 'issuer.internal' }))).toEqual(JWKS);
    expect(named.requests.map(({ name }) => name)).toEqual(['issuer.internal']);
  });

  it('presents the certificate of the file', async () => {
    const server = await startServer({ ...certificate, ca: authority.cert, requestCert: true });
    expect(await readAt(server, requestWith({ cert: client.cert, key: client.key }))).toEqual(JWKS);
    await expect(readAt(server, requestWith())).rejects.toThrow();
    expect(server.requests).toHaveLength(1);
  });
});

describe('Header fields', () => {
  const headers = [
    ['authorization', 'Bearer secret'],
    ['accept', 'text/plain'],
  ] as const;

  it('are sent for the metadata and for keys at the same origin', async () => {
    const server = await startServer();
    expect(await discoverAt(server, requestWith({}, { headers }))).toEqual(JWKS);
    expect(server.requests.map(({ url, headers: got }) => [url, got.authorization, got.accept])).toEqual([
      ['/metadata', 'Bearer secret', 'text/plain'],
      ['/jwks', 'Bearer secret', 'text/plain'],
    ]);
  });

  it('are not sent to another origin that the metadata names, nor is its certificate checked for server_name', async () => {
    const elsewhere = await startServer();
    const server = await startServer(internal, `${elsewhere.origin}/jwks`);
    const request = requestWith({ serverName: 'issuer.internal' }, { headers });
    expect(await discoverAt(server, request)).toEqual(JWKS);
    expect(server.requests[0]?.headers.authorization).toBe('Bearer secret');
    expect(elsewhere.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(elsewhere.requests[0]?.headers.accept).not.toBe('text/plain');
  });

  it('that are missing at another origin are named in the error, without their value', async () => {
    const elsewhere = await startServer(certificate, undefined, 401);
    const server = await startServer(certificate, `${elsewhere.origin}/jwks`);
    const error: unknown = await discoverAt(server, requestWith({}, { headers })).catch(
      (thrown: unknown) => thrown,
    );
    expect(String(error)).toContain(
      'answered with status 401; "headers" are sent to the origin in the file alone',
    );
    expect(JSON.stringify(error)).not.toContain('secret');
  });
});

describe('Metadata that was read elsewhere than at the issuer', () => {
  const uriOf = (jwksUri: string, url: string, insecureHttp?: boolean): string =>
    jwksUriOf({ issuer: ISSUER, jwks_uri: jwksUri }, ISSUER, url, insecureHttp);

  it('may name keys on loopback only if it is there itself, with insecure_http too', () => {
    expect(uriOf('http://127.0.0.1/jwks', 'http://localhost:1/metadata')).toBe('http://127.0.0.1/jwks');
    for (const insecureHttp of [false, true])
      expect(() => uriOf('http://127.0.0.1/jwks', 'https://login.example/m', insecureHttp)).toThrow(
        'on loopback',
      );
  });

  it('may name keys over http only with insecure_http', () => {
    expect(() => uriOf('http://keycloak/jwks', 'https://login.example/m')).toThrow(
      'no jwks_uri that is https',
    );
    expect(uriOf('http://keycloak/jwks', 'http://keycloak/m', true)).toBe('http://keycloak/jwks');
    expect(() => uriOf('file:///etc/keys', 'http://keycloak/m', true)).toThrow('no jwks_uri that is https');
  });

  it('must name the issuer of the file', async () => {
    const server = await startServer();
    const source = {
      kind: 'discovery',
      issuer: 'https://other.example',
      url: `${server.origin}/metadata`,
    } as const;
    await expect(read({ ...source, request: requestWith() })).rejects.toThrow('metadata of another issuer');
  });
});
