/** A change of an app at one gateway: another one on the same registry refuses the app's earlier tokens within a second. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import { createDatabase, type OwnDatabase } from '../support/postgres.js';
import {
  administer,
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

beforeAll(async () => {
  [file, postgres, upstream] = await Promise.all([
    createDatabaseFile(),
    createDatabase(),
    startEchoUpstream(),
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
      routes: [{ match: 'GET /orders', upstream: 'service', scope: 'orders:read', limit: 'none' }],
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
