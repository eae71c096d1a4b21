/** A collector with https whose certificates are named by OpenTelemetry's variables. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createAuthority, type Authority } from '../support/certificates.js';
import { startGate } from '../support/gate.js';
import { until } from '../support/until.js';

let authority: Authority;
let collector: Server;
/** The common name of the client's certificate, of each request. */
const clients: string[] = [];

beforeAll(async () => {
  authority = createAuthority();
  const { cert, key } = authority.issue('collector');
  collector = createServer({ cert, key, ca: authority.cert, requestCert: true }, (req, res) => {
    if (req.socket instanceof TLSSocket) clients.push(String(req.socket.getPeerCertificate().subject.CN));
    req.resume().once('end', () => res.end('{}'));
  });
  await once(collector.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  vi.unstubAllEnvs();
  collector.closeAllConnections();
  collector.close();
  authority.close();
});

it('A collector of an authority of its own gets spans, and the client certificate', async () => {
  const { certFile, keyFile } = authority.issue('gateway');
  vi.stubEnv('OTEL_EXPORTER_OTLP_CERTIFICATE', authority.certFile);
  vi.stubEnv('OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE', certFile);
  vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY', keyFile);
  const gate = await startGate({
    drain_delay: '0s',
    upstreams: { none: 'http://127.0.0.1:1' },
    routes: [{ match: 'GET /b', upstream: 'none', public: true, limit: 'none' }],
    tracing: { otlp: `https://127.0.0.1:${(collector.address() as AddressInfo).port}` },
  });
  expect((await fetch(`http://127.0.0.1:${gate.port}/a`)).status).toBe(404);
  await until(() => clients.length > 0);
  await gate.stop();
  expect(clients).toEqual(['gateway']);
});
