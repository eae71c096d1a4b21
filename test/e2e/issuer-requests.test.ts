/** Keys that are read over TLS with a private authority and a credential, or over http by name. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAuthority, type Authority } from '../support/certificates.js';
import { startGate, type Config, type TestGate } from '../support/gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const LOG_BATCH_MS = 600;
const CREDENTIAL = 'Bearer service-account-token';
const ISS = 'https://login.example/tenant/v2.0';

let authority: Authority;
let otherAuthority: Authority;
let issuer: TestIssuer;
let upstream: EchoUpstream;
let origin: string;
let close: () => void;
let logFile: string;

beforeAll(async () => {
  authority = createAuthority();
  otherAuthority = createAuthority('Another authority');
  [issuer, upstream] = await Promise.all([createTestIssuer(), startEchoUpstream()]);
  logFile = join(tmpdir(), `tollgate-${randomBytes(6).toString('hex')}.log`);
  const { cert, key } = authority.issue('issuer', 'DNS:issuer.internal');
  const server = createServer({ cert, key }, (request: IncomingMessage, response: ServerResponse) => {
    if (request.headers.authorization !== CREDENTIAL) response.writeHead(401).end();
    else if (request.url === '/keys') response.end(JSON.stringify(issuer.jwks));
    else response.end(JSON.stringify({ issuer: ISS, jwks_uri: `${origin}/keys` }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () => void server.close();
});

afterAll(async () => {
  close();
  await Promise.all([issuer.close(), upstream.close(), rm(logFile, { force: true })]);
  authority.close();
  otherAuthority.close();
});

type IssuerConfig = NonNullable<Config['issuers']>[string];

function configOf(main: IssuerConfig): Config {
  return {
    log: { level: 'debug', file: logFile },
    issuers: { main },
    upstreams: { echo: upstream.origin },
    routes: [{ match: 'GET /orders', upstream: 'echo', scope: 'orders', limit: 'none' }],
  };
}

async function show(gate: TestGate, claims: object): Promise<number> {
  const authorization = `Bearer ${issuer.sign({ scope: 'orders', ...claims })}`;
  const response = await fetch(`${gate.url}/orders`, { headers: { authorization } });
  await response.text();
  return response.status;
}

it('an issuer whose metadata is elsewhere, with a private authority and a credential, is trusted; the credential is in no log', async () => {
  const main: IssuerConfig = {
    issuer: ISS,
    audience: AUDIENCE,
    discovery: `${origin}/flow/v2.0/.well-known/openid-configuration?p=flow`,
    tls: { ca: authority.certFile, server_name: 'issuer.internal' },
    headers: { Authorization: CREDENTIAL },
  };
  const gate = await startGate(configOf(main));
  expect(await show(gate, { iss: ISS })).toBe(200);
  expect(await show(gate, { iss: issuer.iss })).toBe(401);
  // Other TLS settings or fields are other requests: the keys are read again, and fail here.
  const distrusted = { ...main, tls: { ...main.tls, ca: otherAuthority.certFile } };
  expect(await gate.reload(configOf(distrusted))).toBe(true);
  expect(await show(gate, { iss: ISS })).toBe(503);
  expect(
    await gate.reload(configOf({ ...main, headers: { Authorization: 'Bearer expired-credential' } })),
  ).toBe(true);
  expect(await show(gate, { iss: ISS })).toBe(503);
  expect(await gate.reload(configOf(main))).toBe(true);
  expect(await show(gate, { iss: ISS })).toBe(200);
  await gate.stop();
  await sleep(LOG_BATCH_MS);
  const log = await readFile(logFile, 'utf8');
  expect(log).toContain('answered with status 401');
  expect(log).not.toContain('service-account-token');
  expect(log).not.toContain('expired-credential');
});

it('keys over http from another host are read with insecure_http, and the log warns at the start', async () => {
  // On Linux 0.0.0.0 reaches this machine, and it is not loopback.
  const jwks = issuer.jwksUrl.replace('127.0.0.1', '0.0.0.0');
  const main: IssuerConfig = { issuer: issuer.iss, audience: AUDIENCE, jwks };
  await expect(async () => startGate(configOf(main))).rejects.toThrow('"jwks" must be https');
  const gate = await startGate(configOf({ ...main, insecure_http: true }));
  expect(await show(gate, {})).toBe(200);
  await gate.stop();
  await sleep(LOG_BATCH_MS);
  expect(await readFile(logFile, 'utf8')).toMatch(
    /"key":"issuers.main.insecure_http".*an insecure setting is in force/,
  );
});
