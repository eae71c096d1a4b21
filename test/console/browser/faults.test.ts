/**
 * What needs attention, each fault made in earnest, and the console below a path of nginx, with a registry in PostgreSQL and
 * a file that is reloaded.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type Serving } from '../../../src/app/serve.js';
import { loadConfig } from '../../../src/config/config.js';
import {
  DESKTOP,
  expectNoAxeViolations,
  expectNoHorizontalScroll,
  hasBrowser,
  PHONE,
  startBrowser,
  type Tab,
  type TestBrowser,
} from '../../support/browser.js';
import { blockAfter } from '../../support/docs-block.js';
import { ADMIN_TOKEN } from '../../support/gate.js';
import { hasNginx, startNginx, type TestNginx } from '../../support/nginx.js';
import { createDatabase, type OwnDatabase } from '../../support/postgres.js';
import { randomPrefix, redisUrl, removeKeys } from '../../support/redis.js';
import { createTestIssuer, AUDIENCE, type TestIssuer } from '../../support/tokens.js';
import { describeInBrowser, expectHeading, signIn } from './fixture.js';
import { refuseElsewhere } from './other-gateway.js';

let folder: string;
let file: string;
let database: OwnDatabase;
let issuer: TestIssuer;
let target: Server;
let isTargetHealthy = true;
let targetPort: number;
let gate: Serving;
let browser: TestBrowser;
let nginx: TestNginx | undefined;
const prefix = randomPrefix();

/** The file; its last line is the limit of its only route. */
const fileWith = (registry: string, limit: string): string => `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
log: {level: silent}
jwks_cache: false
trust_proxy: [127.0.0.1]
redis: {url: "${redisUrl()}", key_prefix: "${prefix}"}
console: {name: Behind a proxy}
tokens:
  issuer: https://api.gate.test
  audience: ${AUDIENCE}
  database: "${registry}"
  endpoints: {key_secret: {path: /auth/token}}
issuers:
  partner: {issuer: "${issuer.iss}", jwks: "${issuer.jwksUrl}", audience: "${AUDIENCE}", grants: ["*"]}
upstreams:
  service: {targets: ["http://127.0.0.1:${targetPort}"], health: {path: /healthz, interval: 100ms, unhealthy_after: 1, healthy_after: 1}}
routes:
  - {match: GET /orders, upstream: service, scope: orders, limit: ${limit}}
`;

beforeAll(async () => {
  target = createServer((_, res) => res.writeHead(isTargetHealthy ? 200 : 503).end());
  await once(target.listen(0, '127.0.0.1'), 'listening');
  targetPort = (target.address() as AddressInfo).port;
  [folder, database, issuer, browser] = await Promise.all([
    mkdtemp(join(tmpdir(), 'tollgate-faults-')),
    createDatabase(),
    createTestIssuer(),
    startBrowser(),
  ]);
  file = join(folder, 'gateway.yaml');
  await writeFile(file, fileWith(database.url, '10 per 1m'));
  const env = { TOLLGATE_ADMIN_TOKEN: ADMIN_TOKEN };
  const load = async () => (await loadConfig(file, env)).settings;
  gate = await serve({ started: await load(), load, env });
  const { port } = gate.adminAddress;
  const location = blockAfter('docs/console.md', 'For nginx', 'nginx').replace(':8081', `:${port}`);
  if (hasNginx) nginx = await startNginx(location);
});
afterAll(async () => {
  await Promise.all([browser.close(), nginx?.stop()]);
  await gate.stop();
  await new Promise((closed) => target.close(closed));
  await Promise.all([issuer.close(), database.drop(), removeKeys(prefix), rm(folder, { recursive: true })]);
});

/** Opens a tab in which the administrator is signed in. */
async function open(place: string, options = {}): Promise<Tab> {
  const tab = await browser.open(`http://127.0.0.1:${gate.adminAddress.port}/console/${place}`, options);
  await signIn(tab, 'administrator');
  return tab;
}

async function createApp(): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${gate.adminAddress.port}/api/apps`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Importer', scopes: ['orders'] }),
  });
  return ((await response.json()) as { key: string }).key;
}

describeInBrowser('Needs attention', () => {
  it('is empty while all is well, and then has each fault with its link: target, issuer, reload and limit', async () => {
    const tab = await open('');
    const { page } = tab;
    const card = page.getByRole('region', { name: 'Needs attention' });
    await card.getByText('Nothing.').waitFor();

    await refuseElsewhere(await createApp(), (await loadConfig(file, {})).settings.redis!);
    isTargetHealthy = false;
    await issuer.close();
    await writeFile(file, fileWith(database.url, '10 per 1m').replace(issuer.jwksUrl, `${issuer.jwksUrl}/2`));
    expect(await gate.reload()).toBe(true);
    await writeFile(file, fileWith(database.url, 'ten per minute'));
    expect(await gate.reload()).toBe(false);

    const wait = { timeout: 15_000 };
    await card.getByRole('link', { name: /^The target \S+ of service is down$/ }).waitFor(wait);
    await card.getByRole('link', { name: /^The keys of partner cannot be read: / }).waitFor(wait);
    await card
      .getByRole('link', { name: /^The last reload failed: \S+gateway\.yaml:19.*limit/ })
      .waitFor(wait);
    await card.getByRole('link', { name: /^Importer has been at its limit for 1\d minutes$/ }).waitFor(wait);
    await expectNoAxeViolations(page);
    await page.setViewportSize(PHONE);
    await expectNoHorizontalScroll(page);
    await page.setViewportSize(DESKTOP);

    await card.getByRole('link', { name: /^Importer/ }).click();
    await expectHeading(tab, 'Importer');
    await page.goBack();
    await card.getByRole('link', { name: /last reload failed/ }).click();
    await expectHeading(tab, 'Routes');
    await page.getByRole('status').getByText('The last reload failed').waitFor();
    await page.getByText(/gateway\.yaml:19.*limit/).waitFor();
    await page.getByText(/cannot be fetched: /).waitFor();
    await page.getByText('is down').waitFor();
    await expectNoAxeViolations(page);
    expect(tab.problems).toEqual([]);
    await tab.close();
  }, 60_000);
});

describe.skipIf(!hasBrowser || !hasNginx)(
  'The console below a path of nginx, as the documentation has it',
  () => {
    it('signs in, creates an app in PostgreSQL, and keeps its session at a reload of the page', async () => {
      const tab = await browser.open(`${nginx!.origin}/gateway/`);
      const { page } = tab;
      await signIn(tab, 'administrator');
      await page.getByText('Behind a proxy').first().waitFor();
      await page.getByRole('link', { name: 'Apps' }).first().click();
      await page.getByRole('link', { name: 'New Application' }).first().click();
      await page.getByRole('textbox', { name: 'Name' }).fill('Through nginx');
      await page.getByRole('checkbox', { name: 'orders', exact: true }).check();
      await page.getByRole('button', { name: 'Create application' }).click();
      await expectHeading(tab, 'Through nginx is created');
      await page.reload();
      await page.getByRole('navigation', { name: 'Console' }).waitFor();
      const cookies = await tab.context.cookies();
      expect(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite])).toEqual([
        ['tollgate_session', true, 'Strict'],
      ]);
      const rows = await database.query("SELECT name FROM apps WHERE name = 'Through nginx'");
      expect(rows).toHaveLength(1);
      await page.getByRole('button', { name: 'Sign out' }).first().click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      expect(tab.problems).toEqual([]);
      await tab.close();
    });
  },
);
