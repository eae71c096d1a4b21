/**
 * TLS: for clients, with client certificates where required, and to upstreams with their own CA and client
 * certificate.
 */
import { once } from 'node:events';
import { request, createServer, type RequestOptions, type ServerOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createAuthority, type Authority, type Certificate } from '../support/certificates.js';
import { startGate, type TestGate } from '../support/gate.js';
import { openRaw } from '../support/raw.js';
import { echo, startEchoUpstream, type Echo, type EchoUpstream } from '../support/upstream.js';

let authority: Authority;
let strangers: Authority;
let server: Certificate;
let upstream: EchoUpstream;
let gate: TestGate | undefined;

beforeAll(async () => {
  authority = createAuthority();
  strangers = createAuthority('Another authority');
  server = authority.issue('gate.test');
  upstream = await startEchoUpstream();
});

afterAll(async () => {
  authority.close();
  strangers.close();
  await upstream.close();
});

afterEach(async () => {
  await gate?.stop();
  gate = undefined;
});

const ROUTES = [
  { match: '* /plain/{path*}', upstream: 'echo', public: true, limit: 'none' },
  { match: 'GET /socket', upstream: 'sockets', public: true, limit: 'none' },
] as const;

async function openGate(clientCa?: string, sockets = upstream.origin): Promise<TestGate> {
  const tls = {
    cert: server.certFile,
    key: server.keyFile,
    ...(clientCa === undefined ? {} : { client_ca: clientCa }),
  };
  gate = await startGate({
    listen: { host: '127.0.0.1', port: 0, tls },
    upstreams: { echo: upstream.origin, sockets },
    routes: ROUTES.map((route) => ({ ...route })),
  });
  return gate;
}

async function get(url: string, options: RequestOptions = {}) {
  const asked = request(url, { ca: authority.cert, agent: false, ...options }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: response.statusCode, body: (await response.toArray()).join('') };
}

describe('a gateway with TLS', () => {
  it('serves over it, and tells the upstream that the caller used https', async () => {
    const { url } = await openGate();
    expect(url).toMatch(/^https:/);
    const { status, body } = await get(`${url}/plain/x`);
    const { rawHeaders } = JSON.parse(body) as Echo;
    expect(status).toBe(200);
    expect(rawHeaders[rawHeaders.indexOf('X-Forwarded-Proto') + 1]).toBe('https');
  });

  it('presents its certificate, which a client without its CA refuses', async () => {
    const { url } = await openGate();
    await expect(get(`${url}/plain/x`, { ca: strangers.cert })).rejects.toThrow(/certificate/);
  });

  it('does not speak TLS 1.1', async () => {
    const { url } = await openGate();
    await expect(
      get(`${url}/plain/x`, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }),
    ).rejects.toThrow();
  });

  it('survives a client that sends plain HTTP', async () => {
    const { url, port } = await openGate();
    const client = openRaw(port, 'GET /plain/x HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.ended;
    expect(client.text()).not.toContain('200');
    expect((await get(`${url}/plain/x`)).status).toBe(200);
  });

  it('treats an h2c upgrade as a plain request, as without TLS', async () => {
    const { url } = await openGate();
    const headers = { Connection: 'Upgrade', Upgrade: 'h2c' };
    const { status, body } = await get(`${url}/plain/x`, { headers });
    expect([status, (JSON.parse(body) as Echo).url]).toEqual([200, '/plain/x']);
  });

  it('tunnels WebSockets', async () => {
    const service = createServer({ cert: server.cert, key: server.key });
    new WebSocketServer({ server: service }).on('connection', (socket) =>
      socket.on('message', (data) => {
        socket.send(data);
      }),
    );
    await once(service.listen(0, '127.0.0.1'), 'listening');
    const origin = `https://127.0.0.1:${(service.address() as AddressInfo).port}`;
    gate = await startGate({
      listen: { host: '127.0.0.1', port: 0, tls: { cert: server.certFile, key: server.keyFile } },
      upstreams: { sockets: { targets: [origin], tls: { ca: authority.certFile } } },
      routes: [{ ...ROUTES[1] }],
    });
    const socket = new WebSocket(`${gate.url.replace('https', 'wss')}/socket`, { ca: authority.cert });
    await once(socket, 'open');
    socket.send('sealed twice');
    const [message] = (await once(socket, 'message')) as [Buffer];
    expect(message.toString()).toBe('sealed twice');
    socket.terminate();
    service.closeAllConnections();
    service.close();
  });
});

describe('a gateway that requires client certificates', () => {
  it('admits a client whose certificate its CA has signed', async () => {
    const { url } = await openGate(authority.certFile);
    const { cert, key } = authority.issue('a client');
    expect((await get(`${url}/plain/x`, { cert, key })).status).toBe(200);
  });

  it('admits no client without one, or with one of another CA, and reads none of its requests', async () => {
    const { url, records } = await openGate(authority.certFile);
    const { cert, key } = strangers.issue('a stranger');
    await expect(get(`${url}/plain/x`)).rejects.toThrow();
    await expect(get(`${url}/plain/x`, { cert, key })).rejects.toThrow();
    expect(records).toEqual([]);
  });
});

describe('an upstream with TLS', () => {
  /** The client certificate presented to the upstream with each request. */
  const shown: unknown[] = [];
  beforeEach(() => void shown.splice(0));

  interface Tls {
    ca?: string;
    cert?: string;
    key?: string;
    server_name?: string;
    insecure?: boolean;
  }

  /** @param demands options of a server that requests a certificate */
  async function through(tls: Tls | undefined, demands: ServerOptions = {}): Promise<Response> {
    const service = createServer({ cert: server.cert, key: server.key, ...demands }, (req, res) => {
      if (demands.requestCert && req.socket instanceof TLSSocket) {
        shown.push(req.socket.getPeerCertificate().subject.CN);
      }
      echo(req, res);
    });
    await once(service.listen(0, '127.0.0.1'), 'listening');
    const target = `https://127.0.0.1:${(service.address() as AddressInfo).port}`;
    gate = await startGate({
      upstreams: { echo: { targets: [target], ...(tls && { tls }) } },
      routes: [{ ...ROUTES[0] }],
    });
    const answer = await fetch(`${gate.url}/plain/x`);
    const body = await answer.text();
    service.closeAllConnections();
    service.close();
    return new Response(body, answer);
  }

  it('is trusted where the configured CA has signed its certificate', async () => {
    const answer = await through({ ca: authority.certFile });
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as Echo).rawHeaders).toContain('X-Forwarded-Proto');
  });

  it('is not trusted with another CA or those of the system: 502, without a reason in the response', async () => {
    for (const tls of [{ ca: strangers.certFile }, undefined]) {
      const answer = await through(tls);
      expect(answer.status).toBe(502);
      expect(await answer.json()).toEqual({
        errors: [{ code: 502, message: 'The service behind this gateway could not be reached' }],
      });
      await gate?.stop();
    }
    gate = undefined;
  });

  it('with a server_name is asked for that name, and needs a certificate for it', async () => {
    const { cert, key } = authority.issue('legacy.internal', 'DNS:legacy.internal');
    const names: string[] = [];
    const demands: ServerOptions = {
      cert,
      key,
      SNICallback(name, done) {
        names.push(name);
        done(null);
      },
    };
    const named = { ca: authority.certFile, server_name: 'legacy.internal' };
    expect((await through(named, demands)).status).toBe(200);
    expect(names).toEqual(['legacy.internal']);
    for (const tls of [
      { ca: authority.certFile },
      { ca: authority.certFile, server_name: 'other.internal' },
      { ca: strangers.certFile, server_name: 'legacy.internal' },
    ]) {
      await gate?.stop();
      expect((await through(tls, demands)).status).toBe(502);
    }
  });

  it('that is insecure by name needs no certificate that can be verified', async () => {
    const { cert, key } = strangers.issue('anyone', 'DNS:anyone.example');
    expect((await through({ insecure: true }, { cert, key })).status).toBe(200);
    await gate?.stop();
    expect((await through({ insecure: false }, { cert, key })).status).toBe(502);
  });

  it('that requires a certificate gets the configured one', async () => {
    const { certFile, keyFile } = authority.issue('the gate itself');
    const answer = await through({ ca: authority.certFile, cert: certFile, key: keyFile }, demand());
    expect(answer.status).toBe(200);
    expect(shown).toEqual(['the gate itself']);
  });

  it('that requires a certificate gets no request without one of its CA: 502', async () => {
    const { certFile, keyFile } = strangers.issue('a strange gate');
    for (const tls of [
      { ca: authority.certFile },
      { ca: authority.certFile, cert: certFile, key: keyFile },
    ]) {
      expect((await through(tls, demand())).status).toBe(502);
      await gate?.stop();
    }
    gate = undefined;
    expect(shown).toEqual([]);
  });

  function demand(): ServerOptions {
    return { requestCert: true, rejectUnauthorized: true, ca: authority.cert };
  }
});
