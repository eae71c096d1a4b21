/** A change of an app at one gateway: another one on the same registry refuses the app's earlier tokens within a second. */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import { createDatabase, type OwnDatabase } from '../support/postgres.js';
import {
  administer,
  bearer,
  createDatabaseFile,
  get,
  issueToken,
  makeApp,
  postForm,
  tokensIn,
  type DatabaseFile,
} from '../support/token-gate.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { until } from '../support/until.js';

let file: DatabaseFile;
let postgres: OwnDatabase;
let upstream: EchoUpstream;
/** The event streams at the upstream. */
const streams = new Set<ServerResponse>();

beforeAll(async () => {
  [file, postgres, upstream] = await Promise.all([
    createDatabaseFile(),
    createDatabase(),
    startEchoUpstream((req, res) => {
      if (req.url !== '/events') {
        res.end('ok');
        return;
      }
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(': open\n\n');
      streams.add(res);
    }),
  ]);
});
afterAll(async () => {
  await Promise.all([postgres.drop(), upstream.close(), file.remove()]);
});

describe.each([
  ['SQLite', () => Promise.resolve(file.database)],
  ['PostgreSQL', () => postgres.createSchema()],
])('two gateways with one registry in %s', (_, locate) => {
  let gates: readonly [TestGate, TestGate];
  beforeAll(async () => {
    const database = await locate();
    const config = {
      tokens: tokensIn(database),
      upstreams: { service: upstream.origin },
      routes: [
        { match: 'GET /orders', upstream: 'service', scope: 'orders:read', limit: 'none' },
        { match: 'GET /events', upstream: 'service', scope: 'orders:read', limit: 'none' },
      ],
    };
    gates = [await startGate(config), await startGate(config)];
  });
  afterAll(async () => {
    for (const gate of gates) await gate.stop();
  });

  it('both refuse the tokens of before, whichever issued them, and both accept those of after', async () => {
    const [one, other] = gates;
    const app = await makeApp(one, { name: 'Sample', scopes: ['orders:read', 'files:read'] });
    const before = [await issueToken(one, app), await issueToken(other, app)];
    for (const gate of gates)
      for (const token of before) expect((await get(gate, '/orders', token)).status).toBe(200);
    const changed = await administer(one, 'PATCH', `/api/apps/${app.key}`, { scopes: ['orders:read'] });
    expect(await changed.json()).toMatchObject({ tokens_revoked: true });
    // At once after the response: a gateway that has not heard of the change issues no token of the old generation.
    const after = [await issueToken(other, app), await issueToken(one, app)];
    for (const gate of gates)
      for (const token of before)
        await until(async () => (await get(gate, '/orders', token)).status === 401, 1000);
    for (const gate of gates)
      for (const token of after) expect((await get(gate, '/orders', token)).status).toBe(200);
  });

  it('an open stream of an earlier token ends at both, and one of a later token stays open', async () => {
    const [one] = gates;
    const app = await makeApp(one, { name: 'Sample', scopes: ['orders:read', 'files:read'] });
    const open = async (token: string) =>
      Promise.all(gates.map((gate) => fetch(`${gate.url}/events`, { headers: bearer(token) })));
    const before = await open(await issueToken(one, app));
    for (const { status } of before) expect(status).toBe(200);
    await administer(one, 'PATCH', `/api/apps/${app.key}`, { scopes: ['orders:read'] });
    const [after] = await open(await issueToken(one, app));
    expect(after!.status).toBe(200);
    let isOpen = true;
    const ended = after!.text().then(
      () => (isOpen = false),
      () => (isOpen = false),
    );
    // An exchange that the gateway ends is cut off, so that it does not look complete.
    for (const response of before) await expect(response.text()).rejects.toThrow();
    expect(isOpen).toBe(true);
    for (const stream of streams) stream.end();
    await ended;
  });

  it('both accept both secrets during an overlap, and neither the oldest after a second rotation', async () => {
    const [one, other] = gates;
    const app = await makeApp(one, { name: 'Sample', scopes: ['orders:read'] });
    const rotate = async (gate: TestGate) => {
      const response = await administer(gate, 'POST', `/api/apps/${app.key}/rotate`, { overlap: '1h' });
      return ((await response.json()) as { secret: string }).secret;
    };
    const second = await rotate(one);
    const statuses = async (...secrets: string[]) => {
      const found = [];
      for (const gate of gates)
        for (const secret of secrets)
          found.push((await postForm(gate, '/auth/token', { key: app.key, secret })).status);
      return found;
    };
    expect(await statuses(app.secret, second)).toEqual([200, 200, 200, 200]);
    const third = await rotate(other);
    expect(await statuses(app.secret, second, third)).toEqual([401, 200, 200, 401, 200, 200]);
  });
});
