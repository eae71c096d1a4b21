/** Traffic and the overview over HTTP: what an administrator sees, and that a developer sees the own apps alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RouteTable } from '../../src/console/api/routes.js';
import type { Overview } from '../../src/console/api/session.js';
import type { Quotas, Traffic } from '../../src/console/api/traffic.js';
import { startGate, type TestGate } from '../support/gate.js';
import {
  administer,
  bearer,
  createDatabaseFile,
  issueToken,
  makeApp,
  tokensIn,
  type DatabaseFile,
  type MadeApp,
} from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { until } from '../support/until.js';
import { ADMINISTRATOR, errorOf, openBrowser, type Browser } from './support.js';

const DANA = { name: 'dana', password: 'correct horse battery', organization: 'Acme', scopes: ['orders:*'] };

let file: DatabaseFile;
let partner: TestIssuer;
let upstream: EchoUpstream;
let gate: TestGate;
let apps: { acme: MadeApp; other: MadeApp };
let administrator: Browser;
let developer: Browser;
let before: Overview;

const sum = (series: readonly number[] | undefined): number =>
  (series ?? []).reduce((total, one) => total + one, 0);

async function send(path: string, count: number, token?: string): Promise<void> {
  const records = gate.records.length;
  for (let at = 0; at < count; at++) {
    const response = await fetch(gate.url + path, token === undefined ? {} : { headers: bearer(token) });
    await response.text();
  }
  await until(() => gate.records.length >= records + count);
}

beforeAll(async () => {
  [file, upstream, partner] = await Promise.all([
    createDatabaseFile(),
    startEchoUpstream(),
    createTestIssuer(),
  ]);
  gate = await startGate({
    tokens: tokensIn(file.database),
    issuers: {
      partner: { issuer: partner.iss, jwks: partner.jwksUrl, audience: AUDIENCE, grants: ['*'] },
      gone: { issuer: 'https://id.gone.test', jwks: 'http://127.0.0.1:9/jwks', audience: 'a', grants: ['*'] },
    },
    upstreams: { service: upstream.origin, down: 'http://127.0.0.1:9' },
    routes: [
      { match: 'GET /orders/{id}', upstream: 'service', scope: 'orders:read', limit: '3 per 5m' },
      { match: 'GET /tried', upstream: 'service', scope: 'orders:write', shadow: true },
      { match: 'GET /down', upstream: 'down', scope: 'orders:read' },
    ],
  });
  const base = `${gate.adminUrl}/console`;
  [administrator, developer] = [openBrowser(base), openBrowser(base)];
  expect((await administer(gate, 'POST', '/api/users', DANA)).status).toBe(201);
  await administrator.signIn(ADMINISTRATOR);
  await developer.signIn({ user: DANA.name, password: DANA.password });
  before = await administrator.json<Overview>('GET', 'overview');
  const scopes = ['orders:read'];
  apps = {
    acme: await makeApp(gate, { name: 'Shop', organization: 'Acme', scopes }),
    other: await makeApp(gate, { name: 'Rival', organization: 'Other', scopes }),
  };
  const [own, foreign] = await Promise.all([issueToken(gate, apps.acme), issueToken(gate, apps.other)]);
  await send('/orders/1', 5, own);
  await send('/tried', 2, own);
  await send('/down', 1, own);
  await send('/orders/1', 1, foreign);
  await send('/orders/1', 4);
  await send('/nowhere', 1);
});
afterAll(async () => {
  await gate.stop();
  await Promise.all([upstream.close(), partner.close(), file.remove()]);
});

describe('api/traffic', () => {
  it('has everything for an administrator, by time, by endpoint and by app', async () => {
    const traffic = await administrator.json<Traffic>('GET', 'traffic');
    expect(traffic).toMatchObject({ step_s: 10, gateways: 1 });
    expect(traffic.times).toHaveLength(90);
    expect(Math.abs(traffic.times.at(-1)! - Date.now() / 1000)).toBeLessThan(15);
    // Beside the requests below there are the two tokens.
    expect(sum(traffic.admitted)).toBe(3 + 2 + 1 + 2);
    expect(
      Object.fromEntries(Object.entries(traffic.refused).map(([reason, counts]) => [reason, sum(counts)])),
    ).toEqual({
      rate_limited: 2,
      no_token: 4,
      no_route: 1,
    });
    expect(sum(traffic.failed)).toBe(1);
    expect(sum(traffic.shadow['insufficient_scope'])).toBe(2);
    expect(traffic.endpoints).toMatchObject([
      { route: 'GET /orders/{id}', requests: 10, refused: 6, shadow: 0 },
      { route: 'GET /tried', requests: 2, refused: 0, shadow: 2 },
      { route: 'key_secret', requests: 2 },
      { route: 'GET /down', requests: 1, refused: 0 },
      { route: 'none', requests: 1, refused: 1 },
    ]);
    expect(traffic.endpoints[0]!.p50_ms).toBeGreaterThan(0);
    expect(traffic.apps).toEqual([
      { issuer: 'tokens', app: apps.acme.key, name: 'Shop', requests: 8, refused: 2 },
      { issuer: 'tokens', app: apps.other.key, name: 'Rival', requests: 1, refused: 0 },
    ]);
  });

  it('has the same sums over an hour, by the minute', async () => {
    const traffic = await administrator.json<Traffic>('GET', 'traffic?range=1h');
    expect(traffic).toMatchObject({ step_s: 60 });
    expect(traffic.times.map((at) => at % 60)).toEqual(Array.from({ length: 60 }, () => 0));
    expect(sum(traffic.admitted)).toBe(8);
  });

  it('has the apps of the own organization alone for a developer, and their part of the endpoints', async () => {
    const response = await developer.ask('GET', 'traffic');
    const text = await response.text();
    const traffic = JSON.parse(text) as Traffic;
    expect(traffic.apps).toEqual([
      { issuer: 'tokens', app: apps.acme.key, name: 'Shop', requests: 8, refused: 2 },
    ]);
    expect(sum(traffic.admitted)).toBe(5);
    expect(Object.keys(traffic.refused)).toEqual(['rate_limited']);
    expect(traffic.endpoints).toMatchObject([
      { route: 'GET /orders/{id}', requests: 5, refused: 2 },
      { route: 'GET /tried', requests: 2, shadow: 2 },
      { route: 'GET /down', requests: 1 },
    ]);
    expect(text).not.toContain(apps.other.key);
  });

  it('names what is wrong with a question', async () => {
    expect(await errorOf(await administrator.ask('GET', 'traffic?range=1d'))).toBe(
      '400 "range" must be 15m or 1h',
    );
    expect(await errorOf(await administrator.ask('GET', 'traffic?from=1'))).toBe(
      '400 unknown parameter "from"',
    );
    expect((await openBrowser(administrator.base).ask('GET', 'traffic')).status).toBe(401);
  });
});

describe('api/apps/KEY/activity', () => {
  it('is the traffic of one app', async () => {
    const path = `apps/${apps.other.key}/activity`;
    const traffic = await administrator.json<Traffic>('GET', path);
    expect(traffic.apps).toMatchObject([{ name: 'Rival', requests: 1 }]);
    expect(traffic.endpoints).toMatchObject([{ route: 'GET /orders/{id}', requests: 1 }]);
    expect(sum(traffic.admitted)).toBe(1);
  });

  it("is for a developer that of the own organization's apps", async () => {
    const own = await developer.json<Traffic>('GET', `apps/${apps.acme.key}/activity?range=1h`);
    expect(own.apps).toMatchObject([{ name: 'Shop', requests: 8 }]);
    for (const key of [apps.other.key, 'nobody'])
      expect(await errorOf(await developer.ask('GET', `apps/${key}/activity`))).toBe('404 No such app');
  });
});

describe('api/refusals', () => {
  it('lists apart what rules in shadow would have refused, for a developer that of the own apps', async () => {
    interface List {
      refusals: { route: string; status: number; reason: string }[];
    }
    const { refusals } = await developer.json<List>('GET', 'refusals?shadow=true');
    const tried = { route: 'GET /tried', status: 200, reason: 'insufficient_scope' };
    expect(refusals).toMatchObject([tried, tried]);
    const path = `refusals?shadow=true&app=${apps.other.key}`;
    expect((await administrator.json<List>('GET', path)).refusals).toEqual([]);
    expect(JSON.stringify(await administrator.json('GET', 'refusals'))).not.toContain('/tried');
    expect(await errorOf(await developer.ask('GET', 'refusals?shadow=1'))).toBe(
      '400 "shadow" must be true or false',
    );
  });
});

describe('api/overview', () => {
  it('is empty before the first request, with the lines that make it non-empty', () => {
    expect(before.empty).toBe(true);
    expect(before.figures.p99_ms.value).toBeNull();
    expect(before.first_requests.map(({ line }) => line)).toEqual([
      `curl -u "$KEY:$SECRET" -d grant_type=client_credentials ${gate.url}/connect/token`,
      `curl -i -H "Authorization: Bearer $TOKEN" ${gate.url}/orders/1`,
      `curl -i ${gate.url}/orders/1`,
    ]);
  });

  it('has no sample application outside of the demo', async () => {
    expect(before.has_sample).toBe(false);
    expect(await errorOf(await administrator.ask('GET', 'sample'))).toBe('404 No such resource');
  });

  it('has four figures with a value for each minute', async () => {
    const { figures, empty } = await administrator.json<Overview>('GET', 'overview');
    expect(empty).toBe(false);
    for (const figure of Object.values(figures)) {
      expect(figure.series).toHaveLength(60);
      expect(figure.series.at(-1)).toBe(figure.value);
    }
    expect(figures.requests_per_s.value).toBeGreaterThan(0.2);
    expect(figures.refused_percent.value).toBeCloseTo((100 * 7) / 16, 0);
    expect(figures.apps_active.value).toBe(2);
  });

  it('counts the own apps alone for a developer, and names no address of the network', async () => {
    await gate.reload({ upstreams: { service: 'nonsense' } } as never);
    const all = await administrator.json<Overview>('GET', 'overview');
    expect(all.attention).toContainEqual(
      expect.objectContaining({ kind: 'reload', text: expect.stringContaining('The last reload failed') }),
    );
    const own = await developer.json<Overview>('GET', 'overview');
    expect(own.attention).toEqual([]);
    expect(own.figures.apps_active.value).toBe(1);
    expect(own.figures.refused_percent.value).toBeCloseTo(25, 0);
  });
});

describe('api/routes', () => {
  it('lists what is tried in shadow apart from what is in force', async () => {
    const { routes } = await developer.json<RouteTable>('GET', 'routes');
    const tried = routes.find(({ match }) => match === 'GET /tried');
    expect(tried).toMatchObject({ access: '(any token)', shadow: ['orders:write'] });
  });

  it('says to a developer that the keys of an issuer cannot be read, and only to an administrator why', async () => {
    const errorFor = async (browser: Browser): Promise<string | null | undefined> =>
      (await browser.json<RouteTable>('GET', 'routes')).issuers.find(({ name }) => name === 'gone')?.error;
    await until(async () => typeof (await errorFor(administrator)) === 'string');
    expect(await errorFor(administrator)).not.toBe('the keys cannot be read');
    expect(await errorFor(developer)).toBe('the keys cannot be read');
  });

  it('counts the requests of all for an administrator, and those of the own apps for a developer', async () => {
    const countOf = async (browser: Browser): Promise<number | undefined> =>
      (await browser.json<RouteTable>('GET', 'routes')).routes[0]?.requests_per_min;
    // Finished steps of ten seconds are counted.
    await until(async () => (await countOf(administrator)) === 10, 15_000);
    expect(await countOf(developer)).toBe(5);
  }, 20_000);
});

describe('api/quotas', () => {
  const rowsOf = ({ quotas }: Quotas) =>
    quotas.map(({ issuer, app, name, endpoint, limits }) => [
      issuer,
      app,
      name,
      endpoint,
      ...limits.map(({ used, limit, remaining, window_s }) => [used, limit, remaining, window_s]),
    ]);

  it('has what is left for each app and endpoint that counts by app, of every issuer, and reading counts nothing', async () => {
    await send('/orders/1', 2, partner.sign({ sub: 'app-of-partner', scope: 'orders:read' }));
    const expected = [
      ['tokens', apps.acme.key, 'Shop', 'GET /orders/{id}', [3, 3, 0, 300]],
      ['partner', 'app-of-partner', null, 'GET /orders/{id}', [2, 3, 1, 300]],
      ['tokens', apps.other.key, 'Rival', 'GET /orders/{id}', [1, 3, 2, 300]],
    ];
    const first = await administrator.json<Quotas>('GET', 'quotas?range=1h');
    expect(rowsOf(first)).toEqual(expected);
    expect(first.total).toBe(3);
    const reset = first.quotas[1]!.limits[0]!.reset - Date.now() / 1000;
    expect(reset).toBeGreaterThan(200);
    expect(reset).toBeLessThanOrEqual(301);
    expect(rowsOf(await administrator.json<Quotas>('GET', 'quotas'))).toEqual(expected);
  });

  it('has those of the own apps for a developer', async () => {
    const quotas = await developer.json<Quotas>('GET', 'quotas');
    expect(rowsOf(quotas)).toEqual([['tokens', apps.acme.key, 'Shop', 'GET /orders/{id}', [3, 3, 0, 300]]]);
    expect(quotas.total).toBe(1);
    expect(await errorOf(await developer.ask('GET', 'quotas?range=2h'))).toBe(
      '400 "range" must be 15m or 1h',
    );
  });
});
