/** Users and the audit log in a browser, and the command palette. */
import { expect, it } from 'vitest';
import { expectNoAxeViolations } from '../../support/browser.js';
import { administer, issueToken, makeApp, postForm } from '../../support/token-gate.js';
import { ADA, describeInBrowser, expectHeading, GRACE, PASSWORD, signIn, useConsole } from './fixture.js';

const site = useConsole();

describeInBrowser('Users', () => {
  it('are added, sign in, and are deleted with their session', async () => {
    const tab = await site.openAs('administrator', '#/users');
    const { page } = tab;
    await page.getByRole('link', { name: 'New User' }).click();
    await expectHeading(tab, 'New user');
    await page.getByRole('button', { name: 'Create user' }).click();
    await page.getByRole('alert').getByText('Give the user a name').waitFor();
    await page.getByRole('textbox', { name: 'Name' }).fill('linus');
    await page.getByLabel('Password').fill('short');
    await page.getByRole('button', { name: 'Create user' }).click();
    await page.getByRole('alert').getByText('a password has at least').waitFor();
    await expectNoAxeViolations(page);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('textbox', { name: 'Organization' }).fill('Acme');
    await page.getByRole('checkbox', { name: 'orders:read', exact: true }).check();
    await page.getByRole('button', { name: 'Create user' }).click();
    await expectHeading(tab, 'Users');
    await page.getByRole('cell', { name: 'linus', exact: true }).waitFor();

    const linus = { ...ADA, name: 'linus', scopes: ['orders:read'] };
    const own = await site.openAs(linus, '#/apps');
    await expectHeading(own, 'Apps');
    await page.getByRole('button', { name: 'Delete user linus' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete user' }).click();
    await page.getByRole('status').getByText('linus is deleted').waitFor();
    await page.getByRole('cell', { name: 'linus', exact: true }).waitFor({ state: 'detached' });
    await own.page.getByRole('link', { name: 'New Application' }).click();
    await own.page.getByText('Your session has ended').waitFor({ timeout: 10_000 });
  });
});

describeInBrowser('The audit log', () => {
  it('lists what was changed and by whom, the newest first', async () => {
    const app = await makeApp(site.gate, { name: 'Audited', scopes: ['orders:read'] });
    const tab = await site.openAs('administrator', '#/audit');
    await expectHeading(tab, 'Audit');
    await tab.page.getByLabel('Search changes').fill(app.key);
    await tab.page.getByRole('cell', { name: 'App created' }).waitFor();
    expect(await tab.page.getByRole('row').count()).toBe(2);
    await tab.page.getByText('in the last 90 days').waitFor();
    await expectNoAxeViolations(tab.page);
  });

  it('has older changes on further pages', async () => {
    const revoke = (at: number) =>
      administer(site.gate, 'POST', '/api/revocations', { app: `paged-${at}`, issuer: 'tokens' });
    expect((await revoke(0)).status).toBe(201);
    for (let at = 1; at <= 200; at += 50)
      await Promise.all(Array.from({ length: 50 }, (_, more) => revoke(at + more)));
    const { page } = await site.openAs('administrator', '#/audit');
    const oldest = page.getByRole('cell', { name: 'paged-0', exact: true });
    await page.getByRole('cell', { name: 'paged-200', exact: true }).waitFor();
    expect(await oldest.count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Newer changes' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Older changes' }).click();
    await oldest.waitFor();
    await expectNoAxeViolations(page);
    await page.getByRole('button', { name: 'Newer changes' }).click();
    await page.getByRole('cell', { name: 'paged-200', exact: true }).waitFor();
  });
});

describeInBrowser('The command palette', () => {
  it('goes to an app by a part of its name, with the keyboard alone', async () => {
    await makeApp(site.gate, { name: 'Needle of Acme', organization: 'Acme', scopes: ['orders:read'] });
    await makeApp(site.gate, { name: 'Needle of Initech', organization: 'Initech', scopes: ['files:read'] });
    const tab = await site.openAs(GRACE, '#/apps');
    await expectHeading(tab, 'Apps');
    await tab.page.keyboard.press('Control+k');
    await tab.page.locator('dialog input:focus').waitFor();
    await tab.page.keyboard.type('needle');
    await tab.page.getByRole('dialog').getByRole('option', { name: 'Needle of Initech' }).waitFor();
    expect(await tab.page.getByRole('dialog').getByRole('option').count()).toBe(1);
    await expectNoAxeViolations(tab.page);
    await tab.page.keyboard.press('Enter');
    await expectHeading(tab, 'Needle of Initech');
  });

  it('takes a pasted token to the debugger by memory: no address and no storage has it', async () => {
    const token = await issueToken(
      site.gate,
      await makeApp(site.gate, { name: 'Pasted', scopes: ['orders:read'] }),
    );
    const tab = await site.openAs('administrator', '#/apps');
    const { page } = tab;
    await expectHeading(tab, 'Apps');
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').fill(token);
    await page.getByRole('dialog').getByRole('option', { name: 'Debug this token' }).click();
    await expectHeading(tab, 'Debugger');
    await page.getByText('Pasted').first().waitFor();
    const kept = await page.evaluate<string>(
      'JSON.stringify([location.href, {...localStorage}, {...sessionStorage}, history.state])',
    );
    const [, payload] = token.split('.');
    expect(`${addresses.join(' ')} ${kept}`).not.toContain(payload);
  });

  it('looks up a request id', async () => {
    const refused = await fetch(`${site.gate.url}/orders`);
    const id = refused.headers.get('x-request-id')!;
    const tab = await site.openAs('administrator', '#/apps');
    await expectHeading(tab, 'Apps');
    await tab.page.keyboard.press('Control+k');
    await tab.page.getByRole('dialog').getByRole('combobox').fill(id);
    await tab.page
      .getByRole('dialog')
      .getByRole('option', { name: `Look up request ${id}` })
      .click();
    await expectHeading(tab, 'Refusal');
    await tab.page.getByText('GET /orders').first().waitFor();
  });
});

describeInBrowser('A page', () => {
  it('says that the gateway cannot be reached, and goes on when it can', async () => {
    const tab = await site.openAs('administrator', '#/apps');
    const { page, context } = tab;
    await expectHeading(tab, 'Apps');
    await context.setOffline(true);
    await page.getByRole('link', { name: 'New Application' }).click();
    await page.getByText('The gateway cannot be reached. Trying again.').first().waitFor();
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('textbox', { name: 'Name' }).waitFor();
    expect(await page.locator('.lost-connection').count()).toBe(0);
    tab.problems.length = 0;
  });

  it('says that the gateway cannot be reached where it hangs', async () => {
    const tab = await site.openAs('administrator', '#/apps');
    await expectHeading(tab, 'Apps');
    await tab.page.route('**/api/routes', () => undefined);
    await tab.page.getByRole('link', { name: 'Routes' }).click();
    await tab.page
      .getByText('The gateway cannot be reached. Trying again.')
      .first()
      .waitFor({ timeout: 15_000 });
  }, 20_000);

  it('is reached by its address, also before signing in', async () => {
    const tab = await site.open('#/audit');
    await signIn(tab, 'administrator');
    await expectHeading(tab, 'Audit');
    expect((await postForm(site.gate, '/auth/token', {})).status).toBe(400);
  });
});
