/** The page of an application in a browser: its settings, the rotation of its secret, its limits, and its end. */
import type { Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { DESKTOP, expectNoAxeViolations, type Tab } from '../../support/browser.js';
import {
  administer,
  get,
  issueToken,
  makeApp,
  makeNamed,
  postForm,
  type MadeApp,
} from '../../support/token-gate.js';
import { until } from '../../support/until.js';
import { ADA, describeInBrowser, expectHeading, GRACE, useConsole } from './fixture.js';

const site = useConsole();

const appOf = (name: string, organization = 'Acme'): Promise<MadeApp> =>
  makeApp(site.gate, { name, organization, scopes: ['orders:read', 'orders:write'] });

async function openApp(app: MadeApp, name: string, user: 'administrator' | typeof ADA = ADA): Promise<Tab> {
  const tab = await site.openAs(user, `#/apps/${app.key}`);
  await expectHeading(tab, name);
  return tab;
}

/** The middles of the dialog and of the window are the same. */
async function expectCentered(dialog: Locator): Promise<void> {
  const { x, y, width, height } = (await dialog.boundingBox())!;
  expect(Math.abs(x + width / 2 - DESKTOP.width / 2)).toBeLessThanOrEqual(10);
  expect(Math.abs(y + height / 2 - DESKTOP.height / 2)).toBeLessThanOrEqual(10);
}

const statusWith = async (app: MadeApp): Promise<number> =>
  (await postForm(site.gate, '/auth/token', { ...app })).status;

describeInBrowser('The page of an application', () => {
  it('changes the name, and warns before scopes are taken away', async () => {
    const app = await appOf('Before');
    const token = await issueToken(site.gate, app);
    const { page } = await openApp(app, 'Before');
    await page.getByRole('textbox', { name: 'Name' }).fill('After');
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByRole('status').getByText('Saved').waitFor();
    await page.getByRole('heading', { level: 1, name: 'After' }).waitFor();
    expect((await get(site.gate, '/orders', token)).status).toBe(200);

    await page.getByRole('checkbox', { name: 'orders:read', exact: true }).uncheck();
    await page.getByText('are refused within a second').waitFor();
    await expectNoAxeViolations(page);
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByRole('status').getByText('Saved').waitFor();
    await until(async () => (await get(site.gate, '/orders', token)).status === 401, 2000);
  });

  it('rotates the secret with an overlap: both work; without one the old secret ends at once', async () => {
    const app = await appOf('Rotated');
    const { page } = await openApp(app, 'Rotated');
    await page.getByRole('button', { name: 'Rotate secret' }).click();
    const dialog = page.getByRole('dialog', { name: 'Rotate secret' });
    await expectCentered(dialog);
    await dialog.getByLabel('The old secret works').selectOption('for 1 hour');
    await expectNoAxeViolations(page);
    await dialog.getByRole('button', { name: 'Rotate secret' }).click();
    await page.getByText('The old secret is accepted too').waitFor();
    const second = await page.locator('.secret-line code').nth(1).innerText();
    expect([await statusWith(app), await statusWith({ ...app, secret: second })]).toEqual([200, 200]);

    await page.getByRole('button', { name: 'Rotate secret' }).click();
    await dialog.getByLabel('The old secret works').selectOption('no longer: it is refused at once');
    await dialog.getByRole('button', { name: 'Rotate secret' }).click();
    await page.getByText('The old secret is accepted too').waitFor({ state: 'detached' });
    const third = await page.locator('.secret-line code').nth(1).innerText();
    const statuses = [app.secret, second, third].map((secret) => statusWith({ ...app, secret }));
    expect(await Promise.all(statuses)).toEqual([401, 401, 200]);
  });

  it('lists the named tokens, and revokes one after a question', async () => {
    const app = await appOf('Named');
    await makeNamed(site.gate, { secret: app.secret, name: 'kept', description: 'd' });
    const token = await makeNamed(site.gate, { secret: app.secret, name: 'nightly', description: 'd' });
    expect((await get(site.gate, '/token/whoami', token)).status).toBe(200);
    const { page } = await openApp(app, 'Named');
    const list = page.getByRole('region', { name: 'Named tokens' });
    await list.getByRole('button', { name: 'Revoke kept' }).waitFor();
    await list.getByRole('button', { name: 'Revoke nightly' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revoke named token' });
    await dialog.getByText('nightly').waitFor();
    await expectNoAxeViolations(page);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect((await get(site.gate, '/token/whoami', token)).status).toBe(200);
    await list.getByRole('button', { name: 'Revoke nightly' }).click();
    await dialog.getByRole('button', { name: 'Revoke token' }).click();
    await list
      .getByRole('row', { name: /nightly/ })
      .getByText('Revoked')
      .waitFor();
    await until(async () => (await get(site.gate, '/token/whoami', token)).status === 401, 2000);
    await list.getByRole('button', { name: 'Revoke kept' }).waitFor();
    await page.reload();
    await list
      .getByRole('row', { name: /nightly/ })
      .getByText('Revoked')
      .waitFor();
    await expectNoAxeViolations(page);
  });

  it('shows how much of each limit is used, and the requests of the last hour', async () => {
    const app = await appOf('Limited');
    const token = await issueToken(site.gate, app);
    for (let sent = 0; sent < 11; sent += 1) await get(site.gate, '/orders', token);
    const { page } = await openApp(app, 'Limited');
    await page.getByRole('meter', { name: /GET \/orders: 10 of 10 used/ }).waitFor();
    await page.getByText('Exhausted').waitFor();
    const activity = page.getByRole('region', { name: 'Activity' });
    await activity.getByText('10 admitted', { exact: true }).waitFor({ timeout: 15_000 });
    await activity.getByText('1 refused', { exact: true }).waitFor();
  });

  it('deletes only after the name was typed; then the gateway refuses its tokens and its streams are closed', async () => {
    const app = await appOf('To be deleted');
    const token = await issueToken(site.gate, app);
    const tab = await openApp(app, 'To be deleted');
    const { page } = tab;
    await page.getByRole('button', { name: 'Delete application' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete application' });
    await dialog.getByText('Refused everywhere within a second; open streams are closed').waitFor();
    const confirm = dialog.getByRole('button', { name: 'Delete application' });
    await dialog.locator('input:focus').waitFor();
    await dialog.getByRole('textbox').fill('To be');
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByRole('textbox').fill('To be deleted');
    await expectNoAxeViolations(page);
    await confirm.click();
    await expectHeading(tab, 'To be deleted is deleted');
    await page
      .getByRole('status')
      .getByText('The deletion reached 1 of 1 gateway. Its tokens are refused there')
      .waitFor();
    await until(async () => (await get(site.gate, '/orders', token)).status === 401, 1000);
    expect((await administer(site.gate, 'GET', `/api/apps/${app.key}`)).status).toBe(404);
    await page.getByRole('link', { name: 'Back to the apps' }).click();
    await expectHeading(tab, 'Apps');
    expect(await page.getByText('To be deleted').count()).toBe(0);
  });

  it('keeps the focus in an open dialog; Escape closes it, and the focus returns to its button', async () => {
    const { page } = await openApp(await appOf('With dialog'), 'With dialog');
    const button = page.getByRole('button', { name: 'Delete application' });
    await button.click();
    for (let pressed = 0; pressed < 8; pressed += 1) {
      await page.keyboard.press('Tab');
      expect(await page.locator('main :focus:not(dialog *)').count()).toBe(0);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.locator('.button.danger:focus').waitFor();
  });

  it('of another organization does not exist for a developer', async () => {
    const app = await appOf('Of Acme');
    const tab = await site.openAs(GRACE, `#/apps/${app.key}`);
    await tab.page.getByRole('alert').waitFor();
    expect(await tab.page.getByText('Of Acme').count()).toBe(0);
    await tab.page.getByRole('link', { name: 'Apps' }).first().click();
    await tab.page.getByText('No applications yet').waitFor();
  });
});
