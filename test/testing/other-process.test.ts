/** A gateway in another process gets the keys of a test issuer over HTTP, by a variable of its file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { expect, it } from 'vitest';
import { testIssuer } from '../../src/testing/testing.js';
import { startCommand } from '../support/command.js';
import { startEchoUpstream } from '../support/upstream.js';

const FILE = `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
jwks_cache: false
issuers:
  main: { issuer: https://id.example.com, jwks: '\${JWKS_URL}', audience: https://api.example.com }
upstreams: { orders: '\${ORDERS_URL}' }
routes:
  - { match: 'GET /orders/{id}', upstream: orders, scope: orders:read, limit: 10 per 2m }
`;

it('tollgate start accepts the tokens of an issuer that serves its keys', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-testing-'));
  const file = join(folder, 'gateway.yaml');
  await writeFile(file, FILE);
  const upstream = await startEchoUpstream();
  const issuer = testIssuer({ issuer: 'https://id.example.com', audience: 'https://api.example.com' });
  const keys = await issuer.serve();
  const env = { JWKS_URL: keys.url, ORDERS_URL: upstream.origin };
  const command = startCommand(['start', '-c', file], { env });
  try {
    const [, port] = await command.until(/"address":\{[^}]*"port":(\d+)/);
    const ask = (token: string) =>
      request(`http://127.0.0.1:${port}`).get('/orders/7').set('Authorization', `Bearer ${token}`);
    const response = await ask(issuer.sign({ scope: 'orders:read' }));
    expect([response.status, response.headers['x-ratelimit-remaining']]).toEqual([200, '9']);
    await ask(issuer.sign({ scope: 'orders:write' })).expect(403);
    await ask(issuer.forge({ scope: 'orders:read' })).expect(401);
  } finally {
    await command.close();
    await Promise.all([keys.close(), upstream.close(), rm(folder, { recursive: true })]);
  }
});
