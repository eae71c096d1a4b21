/** `cnf`: a token bound to a client certificate is accepted from that client only (RFC 8705 3). */
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createAuthority, type Authority, type Certificate } from '../support/certificates.js';
import { startGate, type TestGate } from '../support/gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const UNPROVEN = 'The token is bound to a key that the request does not prove';

let authority: Authority;
let holder: Certificate;
let thief: Certificate;
let issuer: TestIssuer;
let upstream: EchoUpstream;
let gate: TestGate;
let plainGate: TestGate;

const thumbprint = (cert: string): string =>
  createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url');

beforeAll(async () => {
  authority = createAuthority();
  holder = authority.issue('holder');
  thief = authority.issue('thief');
  [issuer, upstream] = await Promise.all([createTestIssuer(), startEchoUpstream()]);
  const server = authority.issue('gate.test');
  const tls = { cert: server.certFile, key: server.keyFile, client_ca: authority.certFile };
  const config = {
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    upstreams: { echo: upstream.origin },
    routes: [{ match: 'GET /a', upstream: 'echo', scope: 'orders:read', limit: 'none' }],
  };
  gate = await startGate({ ...config, listen: { host: '127.0.0.1', port: 0, tls } });
  plainGate = await startGate(config);
});

afterAll(async () => {
  await Promise.all([gate.stop(), plainGate.stop(), issuer.close(), upstream.close()]);
  authority.close();
});

const sign = (cnf: unknown): string => issuer.sign({ scope: 'orders:read', cnf });

async function show(
  token: string,
  { cert, key }: Certificate,
  agent: Agent | false = false,
): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const asked = request(`${gate.url}/a`, { ca: authority.cert, cert, key, agent, headers }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  await response.toArray();
  return response.statusCode ?? 0;
}

it('a bound token is accepted from its client only, whether cached or not', async () => {
  const first = sign({ 'x5t#S256': thumbprint(holder.cert) });
  expect(await show(first, thief)).toBe(401);
  expect(gate.records.at(-1)).toMatchObject({ reason: 'invalid_token', detail: UNPROVEN });
  expect(await show(first, holder)).toBe(200);
  expect(await show(first, thief)).toBe(401);
  expect(await show(first, holder)).toBe(200);
});

it('a bound token is accepted on each request of its client, on one connection and on a resumed TLS session', async () => {
  const token = sign({ 'x5t#S256': thumbprint(holder.cert) });
  const one = new Agent({ keepAlive: true, maxSockets: 1 });
  expect([await show(token, holder, one), await show(token, holder, one)]).toEqual([200, 200]);
  one.destroy();
  const resuming = new Agent({ keepAlive: false });
  expect([await show(token, holder, resuming), await show(token, holder, resuming)]).toEqual([200, 200]);
  resuming.destroy();
});

it('a bound token is refused if it also requires another proof', async () => {
  const bound = { 'x5t#S256': thumbprint(holder.cert) };
  expect(await show(sign({ ...bound, jkt: 'a' }), holder)).toBe(401);
  expect(await show(sign({ jkt: thumbprint(holder.cert) }), holder)).toBe(401);
  expect(await show(sign({ 'x5t#S256': `${bound['x5t#S256']}=` }), holder)).toBe(401);
  expect(await show(sign(undefined), holder)).toBe(200);
});

it('a bound token is refused by a gateway that requests no client certificates', async () => {
  const headers = { authorization: `Bearer ${sign({ 'x5t#S256': thumbprint(holder.cert) })}` };
  const refused = await fetch(`${plainGate.url}/a`, { headers });
  expect(refused.status).toBe(401);
  expect(refused.headers.get('www-authenticate')).toContain(UNPROVEN);
});

it('a bound token is checked the same way in a WebSocket handshake', async () => {
  const headers = { authorization: `Bearer ${sign({ 'x5t#S256': thumbprint(holder.cert) })}` };
  const open = async ({ cert, key }: Certificate): Promise<number> => {
    const url = `${gate.url.replace('https', 'wss')}/a`;
    const socket = new WebSocket(url, { ca: authority.cert, cert, key, headers });
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    response.destroy();
    return response.statusCode ?? 0;
  };
  expect(await open(thief)).toBe(401);
  // The echo upstream does not support WebSockets: its own response shows that the request was forwarded.
  expect(await open(holder)).toBe(200);
});
