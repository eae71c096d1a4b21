/** The debugger in a browser: what the gateway says of tokens, and that a token leaves the page in one request only. */
import type { Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import {
  DESKTOP,
  expectNoAxeViolations,
  expectNoHorizontalScroll,
  PHONE,
  type Tab,
} from '../../support/browser.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../../support/tokens.js';
import { ADA, describeInBrowser, expectHeading, useConsole } from './fixture.js';

let issuer: TestIssuer;
let stranger: TestIssuer;
const site = useConsole(async () => {
  [issuer, stranger] = await Promise.all([createTestIssuer(), createTestIssuer()]);
  const main = { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE, grants: ['*'] };
  return { issuers: { main } };
});
afterAll(() => Promise.all([issuer.close(), stranger.close()]));

const nowS = () => Math.floor(Date.now() / 1000);
const ACCEPTED = 'The gateway accepts this token';
const REFUSED = 'The gateway refuses this token';

async function paste({ page }: Tab, token: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Token' }).fill(token);
  await page
    .getByRole('status')
    .getByText(/^The gateway (accepts|refuses) this token$/)
    .waitFor();
}

/** The definition of a claim, as the page shows it. */
function claim(page: Page, name: string): Promise<string> {
  const term = page.locator('.claims dt').filter({ has: page.getByText(name, { exact: true }) });
  return term.locator('xpath=following-sibling::dd[1]').innerText();
}

const check = (page: Page, name: string) =>
  page.locator('.checks li').filter({ has: page.locator('strong').getByText(name, { exact: true }) });

describeInBrowser('The debugger', () => {
  it('shows what a valid token says, each check, and which routes it opens', async () => {
    const tab = await site.openAs('administrator', '#/debugger');
    const { page } = tab;
    await paste(tab, issuer.sign({ scope: 'orders:read', department: { code: 7 } }));
    await page.getByText(ACCEPTED).waitFor();
    expect(await claim(page, 'alg')).toBe('RS256');
    expect(await claim(page, 'exp')).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, in (59 minutes|60 minutes|1 hour)$/,
    );
    expect(await claim(page, 'aud')).toBe(AUDIENCE);
    expect(await claim(page, 'department')).toBe('{\n  "code": 7\n}');
    for (const name of ['form', 'issuer', 'signature', 'times', 'audience'])
      expect(await check(page, name).innerText()).toContain('✓');
    const routes = page.getByRole('region', { name: 'What the token opens' });
    expect(await routes.getByRole('row', { name: 'GET /orders/{id}' }).innerText()).toContain('✓');
    const closed = await routes.getByRole('row', { name: 'POST /orders' }).innerText();
    expect(closed).toContain('closed');
    expect(closed).toContain('orders:write');
    expect(await page.getByRole('meter').first().getAttribute('aria-valuemax')).toBe('10');
  });

  it('says which check an expired token fails, and that the later ones are not made', async () => {
    const tab = await site.openAs('administrator', '#/debugger');
    await paste(tab, issuer.sign({ iat: nowS() - 7200, exp: nowS() - 3600 }));
    await tab.page.getByText(REFUSED).waitFor();
    expect(await check(tab.page, 'times').innerText()).toContain('✗');
    expect(await check(tab.page, 'audience').innerText()).toContain('–');
    expect(await claim(tab.page, 'exp')).toContain('1 hour ago');
    const routes = tab.page.getByRole('region', { name: 'What the token opens' });
    expect(await routes.getByRole('row', { name: 'GET /orders/{id}' }).innerText()).toContain('closed');
    expect(await routes.getByRole('row', { name: 'GET /status' }).innerText()).toContain('open');
  });

  it('refuses the token of a foreign issuer, whose claims are shown all the same', async () => {
    const tab = await site.openAs('administrator', '#/debugger');
    await paste(tab, stranger.sign({ sub: 'someone' }));
    await tab.page.getByText(REFUSED).waitFor();
    expect(await check(tab.page, 'issuer').innerText()).toContain('✗');
    expect(await claim(tab.page, 'sub')).toBe('someone');
  });

  it('says of a text that is no token what is wrong with it', async () => {
    const tab = await site.openAs('administrator', '#/debugger');
    await paste(tab, 'not.a.token');
    await tab.page.getByText(REFUSED).waitFor();
    expect(await check(tab.page, 'form').innerText()).toContain('✗');
    expect(await tab.page.locator('.token-part.header').innerText()).toContain('It is not');
  });

  it('shows hostile claims as text', async () => {
    const tab = await site.openAs('administrator', '#/debugger');
    const { page } = tab;
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`claim-${at}`, at]));
    const html = '<img src=x onerror=alert(1)><script>alert(2)</script>';
    await paste(tab, issuer.sign({ html, [html]: 'a name', exp: 9e15, ...many }));
    expect(await claim(page, 'html')).toBe(html);
    expect(await claim(page, html)).toBe('a name');
    expect(await claim(page, 'exp')).toBe('9000000000000000');
    expect(await page.locator('main img, main script').count()).toBe(0);
    await page.getByRole('button', { name: /^Show all 50\d$/ }).click();
    expect(await claim(page, 'claim-499')).toBe('499');
    await expectNoHorizontalScroll(page);
  });
});

describeInBrowser('A token in the debugger', () => {
  it('is sent once, in the body of a request, and is in no address and no storage', async () => {
    const tab = await site.openAs('administrator', '#/debugger');
    const { page } = tab;
    const token = issuer.sign({ jti: 'once' });
    const sent: string[] = [];
    const addresses: string[] = [];
    page.on('request', (request) => {
      addresses.push(request.url());
      if (request.postData()?.includes(token))
        sent.push(`${request.method()} ${new URL(request.url()).pathname}`);
    });
    await paste(tab, `Authorization: Bearer ${token}\n`);
    await page.getByText(ACCEPTED).waitFor();
    // The session is loaded every 15 s; nothing else is asked for.
    expect(sent).toEqual(['POST /console/api/token']);
    const [, payload = ''] = token.split('.');
    const kept = await page.evaluate<string>(
      'JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href, history.state])',
    );
    expect([...addresses, kept].filter((text) => text.includes(payload))).toEqual([]);
  });

  it('is forgotten when the page is left, or loaded again', async () => {
    const tab = await site.openAs('administrator', '#/debugger');
    const { page } = tab;
    const field = page.getByRole('textbox', { name: 'Token' });
    await paste(tab, issuer.sign());
    await page.getByRole('link', { name: 'Routes' }).click();
    await expectHeading(tab, 'Routes');
    await page.goBack();
    expect(await field.inputValue()).toBe('');
    await paste(tab, issuer.sign());
    await page.reload();
    expect(await field.inputValue()).toBe('');
  });

  it('of an app of another organization is not checked for a developer, who still sees what it says', async () => {
    const tab = await site.openAs(ADA, '#/debugger');
    const token = issuer.sign({ scope: 'orders:read', sub: 'app-of-others' });
    await tab.page.getByRole('textbox', { name: 'Token' }).fill(token);
    await tab.page
      .getByRole('alert')
      .getByText('The token is of an app that is not of your organization')
      .waitFor();
    expect(await claim(tab.page, 'sub')).toBe('app-of-others');
    expect(await tab.page.getByRole('region', { name: 'What the token opens' }).count()).toBe(0);
    // Of a token that is refused, which is of no app, the reason is shown.
    await paste(tab, `${token.slice(0, -8)}AAAAAAAA`);
    await tab.page.getByText(REFUSED).waitFor();
  });

  it.each([
    ['light', DESKTOP],
    ['dark', PHONE],
  ] as const)('is shown without a fault that axe finds, in %s', async (theme, viewport) => {
    const tab = await site.openAs('administrator', '#/debugger', { theme, viewport });
    await paste(tab, issuer.sign({ scope: 'orders:read files:read', nested: { a: [1, 2] } }));
    await tab.page.getByRole('meter').first().waitFor();
    await expectNoAxeViolations(tab.page);
    await expectNoHorizontalScroll(tab.page);
  });
});
