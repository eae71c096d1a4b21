/** The table of routes in a browser. */
import { afterAll, expect, it } from 'vitest';
import { DESKTOP, expectNoAxeViolations, expectNoHorizontalScroll, PHONE } from '../../support/browser.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../../support/tokens.js';
import { describeInBrowser, useConsole } from './fixture.js';

let issuer: TestIssuer;
const site = useConsole(async () => {
  issuer = await createTestIssuer();
  const main = { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE, grants: ['*'] };
  return { issuers: { main } };
});
afterAll(() => issuer.close());

const FILTER = 'Filter the routes, or find the route of a path or URL';

describeInBrowser('Routes', () => {
  it('lists each route with its access, its limits, its upstream and its health', async () => {
    const { page } = await site.openAs('administrator', '#/routes');
    const routes = page.getByRole('region', { name: 'Routes' });
    const row = await routes.getByRole('row', { name: 'POST /orders' }).innerText();
    for (const text of ['orders:write', '10 per 2m', '1000 per 1d', 'service', 'up'])
      expect(row).toContain(text);
    expect(await routes.getByRole('row', { name: 'GET /status' }).innerText()).toContain('public');
    const issuers = page.getByRole('region', { name: 'Issuers' });
    await issuers.getByRole('row', { name: 'main' }).waitFor();
  });

  it('marks the route that a path, a URL or a method and a path would have', async () => {
    const { page } = await site.openAs('administrator', '#/routes');
    const filter = page.getByRole('searchbox', { name: FILTER });
    const marked = page.locator('tr.marked');
    await filter.fill('/orders/7');
    await marked.getByText('GET /orders/{id}').waitFor();
    await marked.getByText('serves this request').waitFor();
    await page
      .getByRole('status')
      .getByText(/^line \d+$/)
      .waitFor();
    await filter.fill(`POST ${site.gate.url}/orders?access_token=secret`);
    await marked.getByText('POST /orders').waitFor();
    expect(await marked.count()).toBe(1);
    await filter.fill('DELETE /orders');
    await page.getByRole('status').getByText('405: no route for this method').waitFor();
    await filter.fill('/no/such/path');
    await page.getByRole('status').getByText('404: no route').waitFor();
    expect(await marked.count()).toBe(0);
  });

  it('sends no query of a URL in an address', async () => {
    const { page } = await site.openAs('administrator', '#/routes');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.getByRole('searchbox', { name: FILTER }).fill('/orders?access_token=secret');
    await page.locator('tr.marked').waitFor();
    expect(asked.filter((url) => url.includes('routes/match')).length).toBe(1);
    expect(asked.join(' ')).not.toContain('secret');
  });

  it('shows only the routes that hold the text of the filter', async () => {
    const { page } = await site.openAs('administrator', '#/routes');
    const rows = page.getByRole('region', { name: 'Routes' }).locator('tbody tr');
    await page.getByRole('searchbox', { name: FILTER }).fill('files:read');
    await page
      .getByRole('region', { name: 'Routes' })
      .getByText('GET /orders/{id}')
      .waitFor({ state: 'detached' });
    expect(await rows.count()).toBe(1);
    await page.getByRole('searchbox', { name: FILTER }).fill('no such text');
    await page.getByRole('heading', { name: 'No route matches' }).waitFor();
  });

  it.each([
    ['light', DESKTOP],
    ['dark', PHONE],
  ] as const)('has no fault that axe finds, in %s', async (theme, viewport) => {
    const { page } = await site.openAs('administrator', '#/routes', { theme, viewport });
    await page.getByRole('searchbox', { name: FILTER }).fill('/orders/7');
    await page.locator('tr.marked').waitFor();
    await expectNoAxeViolations(page);
    await expectNoHorizontalScroll(page);
  });
});
