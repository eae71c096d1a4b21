/** Explain in a browser: the decision about a request, and about one that was refused. */
import { expect, it } from 'vitest';
import { DESKTOP, expectNoAxeViolations, expectNoHorizontalScroll, PHONE } from '../../support/browser.js';
import { get, issueToken, makeApp } from '../../support/token-gate.js';
import { describeInBrowser, expectHeading, useConsole } from './fixture.js';

const site = useConsole();

async function newToken(): Promise<string> {
  const app = { name: 'Reader', organization: 'Acme', scopes: ['orders:read'] };
  return issueToken(site.gate, await makeApp(site.gate, app));
}

describeInBrowser('Explain', () => {
  it('names the limit that refuses a request and when it resets, and counts nothing', async () => {
    const token = await newToken();
    for (let count = 0; count < 10; count++)
      expect((await get(site.gate, '/orders/7', token)).status).toBe(200);
    const forwarded = site.gate.records.length;
    const { page } = await site.openAs('administrator', '#/explain');
    await page.getByLabel('URL').fill('/orders/7?page=2');
    await page.getByLabel('Token (optional)').fill(token);
    await page.getByRole('button', { name: 'Explain' }).click();
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await verdict.waitFor();
    const text = await verdict.innerText();
    expect(text).toContain('429');
    expect(text).toContain('rate_limited');
    expect(text).toContain('10 requests per 2m');
    const limits = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: /Limits/ }) });
    expect(await limits.innerText()).toContain('10 of 10 used');
    expect(await limits.innerText()).toMatch(/resets in (\d+ seconds|1 minute|2 minutes)/);
    expect(site.gate.records.length).toBe(forwarded);
  });

  it('shows that a request would be forwarded, with each step', async () => {
    const { page } = await site.openAs('administrator', '#/explain');
    await page.getByLabel('URL').fill('/orders');
    await page.getByLabel('Token (optional)').fill(await newToken());
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Verdict' }).getByText('Forwarded', { exact: true }).waitFor();
    const steps = await page.locator('.step h2').allInnerTexts();
    expect(steps.map((text) => text.replace(/\s+/g, ' ').trim())).toEqual(
      ['Request', 'Route', 'Token', 'Access', 'Limits', 'Upstream'].map((name) => `✓ Passed: ${name}`),
    );
  });

  it('says what would admit a request without a token', async () => {
    const { page } = await site.openAs('administrator', '#/explain');
    await page.getByLabel('URL').fill('/orders');
    await page.getByRole('button', { name: 'Explain' }).click();
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await verdict.getByText('What would admit it').waitFor();
    expect(await verdict.innerText()).toContain('no_token');
  });

  it('opens the decision of a refused request by its id', async () => {
    const response = await get(site.gate, '/orders/secret-path');
    const id = response.headers.get('x-request-id')!;
    const tab = await site.openAs('administrator', '#/explain');
    await tab.page.getByLabel('Request id of a refusal').fill(id);
    await tab.page.getByRole('button', { name: 'Show the decision' }).click();
    await expectHeading(tab, 'Refusal');
    expect(tab.page.url()).toBe(`${site.address}#/explain/${id}`);
    await tab.page.getByRole('region', { name: 'Verdict' }).getByText('no_token').waitFor();
    expect(await tab.page.getByRole('region', { name: 'Request' }).innerText()).toContain(
      '/orders/secret-path',
    );
  });

  it('opens the debugger for a token in the place of a request id, so that it is in no address', async () => {
    const token = await newToken();
    const tab = await site.openAs('administrator', '#/explain');
    const { page } = tab;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.getByLabel('Request id of a refusal').fill(`Bearer ${token}`);
    await page.getByRole('button', { name: 'Show the decision' }).click();
    await page.getByRole('heading', { name: 'What it opens' }).waitFor();
    expect(page.url()).toBe(`${site.address}#/debugger`);
    expect(asked.filter((url) => url.includes(token.slice(0, 20)))).toEqual([]);
  });

  it('says that an id is not kept', async () => {
    const { page } = await site.openAs('administrator', '#/explain/no-such-request');
    await page.getByRole('alert').getByText('No such refusal').waitFor();
  });

  it.each([
    ['light', DESKTOP],
    ['dark', PHONE],
  ] as const)('has no fault that axe finds, in %s', async (theme, viewport) => {
    const { page } = await site.openAs('administrator', '#/explain', { theme, viewport });
    await page.getByLabel('URL').fill('/orders');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByRole('region', { name: 'Verdict' }).waitFor();
    await expectNoAxeViolations(page);
    await expectNoHorizontalScroll(page);
  });
});
