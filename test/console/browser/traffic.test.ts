/** Traffic and the overview in a browser, with requests that the gateway admits and refuses. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { DESKTOP, expectNoAxeViolations, expectNoHorizontalScroll, PHONE } from '../../support/browser.js';
import { get, issueToken, makeApp } from '../../support/token-gate.js';
import { until } from '../../support/until.js';
import { describeInBrowser, expectHeading, GRACE, useConsole } from './fixture.js';

const site = useConsole();

async function send(count: number, path: string, token?: string): Promise<void> {
  for (let at = 0; at < count; at++) await (await get(site.gate, path, token)).arrayBuffer();
}

/** The number in the legend of a series; 0 where it is not there. */
async function total(page: Page, name: string): Promise<number> {
  const entry = page.locator('.legend-entry').filter({ hasText: name });
  if ((await entry.count()) === 0) return 0;
  return Number((await entry.locator('strong').innerText()).replaceAll(',', ''));
}

describeInBrowser('The overview', () => {
  it('of a gateway without requests has lines that make the first ones, and then four figures', async () => {
    const { page } = await site.openAs('administrator', '#/overview');
    await page.getByRole('heading', { name: 'No requests yet' }).waitFor();
    const lines = await page.locator('.lines code').allInnerTexts();
    expect(lines.length).toBe(3);
    expect(lines.join('\n')).toContain(`${site.gate.url}/`);
    await page.getByRole('button', { name: 'Copy: line 1' }).click();
    await page.getByRole('button', { name: 'Copied: line 1' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(lines[0]);
    await expectNoAxeViolations(page);
    await send(3, '/status');
    await page.getByRole('region', { name: 'Requests' }).waitFor({ timeout: 15_000 });
    expect(await page.locator('.figures .card').count()).toBe(4);
    await page.getByText('Nothing.').waitFor();
  });
});

describeInBrowser('The overview', () => {
  it('leads to the newest apps and to the debugger', async () => {
    await makeApp(site.gate, { name: 'Newest', organization: 'Acme', scopes: ['orders:read'] });
    const tab = await site.openAs('administrator', '#/overview');
    const newest = tab.page.getByRole('region', { name: 'Newest apps' });
    await newest.getByText('never used').first().waitFor();
    await newest.getByRole('link', { name: 'Debug a token' }).waitFor();
    await expectNoAxeViolations(tab.page);
    await newest.getByRole('link', { name: 'Newest' }).click();
    await expectHeading(tab, 'Newest');
  });
});

describeInBrowser('Traffic', () => {
  it('of someone without requests has a sentence in each of its tables', async () => {
    const { page } = await site.openAs(GRACE, '#/traffic');
    await page.getByText('No request in this time.').nth(1).waitFor();
    await page.getByText('No app has used an endpoint that has a limit').waitFor();
    await page.getByText('No refusals').waitFor();
    await expectNoAxeViolations(page);
  });

  it('grows as requests are sent', async () => {
    const { page } = await site.openAs('administrator', '#/traffic');
    await page.locator('canvas').first().waitFor();
    const [admitted, missing] = [await total(page, 'Admitted'), await total(page, 'no_route')];
    await send(5, '/status');
    await send(2, '/no-such-path');
    await until(async () => (await total(page, 'Admitted')) >= admitted + 5, 15_000);
    expect(await total(page, 'no_route')).toBe(missing + 2);
    const row = page
      .getByRole('region', { name: 'Traffic by endpoint' })
      .getByRole('row', { name: 'GET /status' });
    expect(await row.innerText()).toMatch(/\d/);
  });

  it('lists refusals as they come, filters them by a series, and opens the decision', async () => {
    const tab = await site.openAs('administrator', '#/traffic');
    const { page } = tab;
    const list = page.getByRole('region', { name: 'Recent refusals' });
    await send(1, '/orders');
    await send(1, '/nothing-at-all');
    await list.getByRole('link', { name: 'GET /nothing-at-all' }).first().waitFor();
    await list
      .getByRole('link', { name: /GET \/orders/ })
      .first()
      .waitFor();
    await page.locator('.legend-entry').filter({ hasText: 'no_token' }).click({ timeout: 15_000 });
    await page.getByRole('button', { name: /no_token.*remove this filter/ }).waitFor();
    expect(await list.getByRole('link', { name: 'GET /nothing-at-all' }).count()).toBe(0);
    await list
      .getByRole('link', { name: /GET \/orders/ })
      .first()
      .click();
    await expectHeading(tab, 'Refusal');
    await page.getByRole('region', { name: 'Verdict' }).getByText('no_token').waitFor();
  });

  it('by app filters the refusals of that app, and shows what is left of its limits', async () => {
    const app = await makeApp(site.gate, { name: 'Reader', organization: 'Acme', scopes: ['orders:read'] });
    const token = await issueToken(site.gate, app);
    await send(2, '/files/a', token);
    await send(1, '/orders');
    const { page } = await site.openAs('administrator', '#/traffic');
    const list = page.getByRole('region', { name: 'Recent refusals' });
    await list.getByText('no_token').first().waitFor();
    const apps = page.getByRole('region', { name: 'Traffic by app' });
    await apps.getByRole('link', { name: 'Reader' }).waitFor({ timeout: 15_000 });
    await apps.getByRole('button', { name: app.key }).click();
    await list.getByText('insufficient_scope').first().waitFor();
    await until(async () => (await list.getByText('no_token').count()) === 0);
    expect(await list.getByRole('row').count()).toBe(3);
    const quota = page.getByRole('region', { name: 'Remaining quota of Reader' });
    await quota.getByRole('meter', { name: /GET \/orders: 0 of 10 used/ }).waitFor();
  });

  it('has what is left of the limits of each app and endpoint, as it is used', async () => {
    const app = await makeApp(site.gate, { name: 'Counter', organization: 'Acme', scopes: ['orders:*'] });
    const token = await issueToken(site.gate, app);
    await send(2, '/orders', token);
    await send(11, '/orders/7', token);
    const { page } = await site.openAs('administrator', '#/traffic');
    const quotas = page.getByRole('region', { name: 'Remaining quota by app and endpoint' });
    const row = (endpoint: string) =>
      quotas.getByRole('row').filter({ hasText: 'Counter' }).filter({ hasText: endpoint });
    await row('GET /orders/{id}').getByText('0, exhausted').waitFor({ timeout: 15_000 });
    const cells = () => row('GET /orders').last().getByRole('cell').allInnerTexts();
    await until(async () => (await cells()).slice(2, 5).join(' | ') === '10 in 2 minutes | 2 | 8', 15_000);
    // The fullest come first.
    expect(await quotas.getByRole('row').nth(1).innerText()).toContain('exhausted');
    await send(1, '/orders', token);
    await until(async () => (await cells()).slice(3, 5).join(' | ') === '3 | 7', 15_000);
  });

  it('sorts a table by the heading that is clicked, and says how it is sorted', async () => {
    await send(1, '/status');
    const { page } = await site.openAs('administrator', '#/traffic');
    const heading = page
      .getByRole('region', { name: 'Traffic by endpoint' })
      .getByRole('columnheader', { name: 'Endpoint' });
    await heading.getByRole('button').click();
    expect(await heading.getAttribute('aria-sort')).toBe('ascending');
    await heading.getByRole('button').click();
    expect(await heading.getAttribute('aria-sort')).toBe('descending');
  });

  it('draws its charts in the colors of the theme, and as wide as there is room', async () => {
    await send(1, '/status');
    const { page } = await site.openAs('administrator', '#/traffic');
    await page.locator('canvas').first().waitFor();
    const drawn = () => page.evaluate<string>('document.querySelector("canvas").toDataURL()');
    const before = await drawn();
    await page.getByLabel('Theme').first().selectOption('dark');
    await until(async () => (await drawn()) !== before);
    await page.setViewportSize(PHONE);
    await until(() => page.evaluate<boolean>('document.querySelector("canvas").clientWidth < 390'));
    await expectNoHorizontalScroll(page);
  });

  it.each([
    ['light', DESKTOP],
    ['dark', PHONE],
    ['dark', DESKTOP],
    ['light', PHONE],
  ] as const)('and the overview have no fault that axe finds, in %s', async (theme, viewport) => {
    await send(2, '/status');
    await send(2, '/orders');
    const tab = await site.openAs('administrator', '#/traffic', { theme, viewport });
    await tab.page.getByRole('region', { name: 'Recent refusals' }).waitFor();
    await expectNoAxeViolations(tab.page);
    await expectNoHorizontalScroll(tab.page);
    await tab.page.goto(`${site.address}#/overview`);
    await expectHeading(tab, 'Overview');
    await tab.page.locator('.card').first().waitFor();
    await expectNoAxeViolations(tab.page);
    await expectNoHorizontalScroll(tab.page);
  });
});
