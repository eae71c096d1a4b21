/** The tokens of the demo's sample application: kept, renewed when half of their life is over, and asked of the token endpoint. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { foreignSample, registeredSample } from '../../src/cli/demo-sample.js';
import { testIssuer } from '../../src/testing/testing.js';

const DETAILS = { name: 'Sample', organization: 'Sample Ltd.', scopes: ['a:read', 'b'] };
const HOUR_MS = 3_600_000;

beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => vi.useRealTimers());

function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

it('A token of the issuer is kept for half of its life, and then renewed before it ends', async () => {
  const sample = foreignSample(DETAILS, { app: 'app-1', issuer: 'main', lifetimeS: 3600 }, testIssuer());
  const first = await sample.token();
  const payload = JSON.parse(Buffer.from(first!.split('.')[1]!, 'base64url').toString()) as object;
  expect(payload).toMatchObject({ sub: 'app-1', organization: 'Sample Ltd.' });
  pass(0.49 * HOUR_MS);
  expect(await sample.token()).toBe(first);
  pass(0.02 * HOUR_MS);
  const second = await sample.token();
  expect(second).not.toBe(first);
  expect(await sample.token()).toBe(second);
});

it('A token of the registry is asked for by key and secret, once for all who want it, and outlives a failure until its end', async () => {
  const bodies: string[] = [];
  let status = 200;
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (part: Buffer) => (body += part.toString()));
    req.on('end', () => {
      bodies.push(`${req.method} ${req.url} ${body}`);
      res.writeHead(status).end(JSON.stringify({ access_token: `token-${bodies.length}`, expires_in: 3600 }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const clientCredentials = { path: '/connect/token', lifetimeMs: HOUR_MS };
    const { token } = registeredSample(DETAILS, { key: 'key', secret: 'a&b' }, origin, {
      keySecret: undefined,
      clientCredentials,
    });
    expect(await Promise.all([token(), token()])).toEqual(['token-1', 'token-1']);
    expect(bodies).toEqual([
      'POST /connect/token grant_type=client_credentials&client_id=key&client_secret=a%26b',
    ]);
    status = 503;
    pass(0.6 * HOUR_MS);
    expect(await token()).toBe('token-1');
    pass(0.6 * HOUR_MS);
    expect(await token()).toBeUndefined();
    status = 200;
    expect(await token()).toBe('token-4');
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
