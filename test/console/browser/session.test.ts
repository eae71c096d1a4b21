/** Signing in and out in a browser, the end of a session, and a session with the keyboard alone. */
import { expect, it } from 'vitest';
import { DESKTOP, expectNoAxeViolations, PHONE } from '../../support/browser.js';
import { ADA, describeInBrowser, expectHeading, signIn, useConsole } from './fixture.js';

const site = useConsole();

describeInBrowser('The sign-in page', () => {
  it('says that a login is wrong, and leaves the password selected to be typed again', async () => {
    const { page } = await site.open();
    await page.locator('input[autocomplete=username]:focus').waitFor();
    await page.getByRole('textbox', { name: 'User' }).fill('ada');
    await page.getByLabel('Password').fill('wrong password');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('Signing in failed').waitFor();
    await page.locator('input[type=password]:focus').waitFor();
    expect(await page.getByRole('navigation').count()).toBe(0);
  });

  it.each([
    ['light', DESKTOP],
    ['dark', PHONE],
  ] as const)('has no fault that axe finds, in %s', async (theme, viewport) => {
    const { page } = await site.open('', { theme, viewport });
    await expectNoAxeViolations(page);
    await page.getByRole('tab', { name: 'Administrator' }).click();
    await expectNoAxeViolations(page);
  });

  it('is used with the keyboard alone: the arrow keys choose how to sign in', async () => {
    const { page } = await site.open();
    await page.locator('input:focus').waitFor();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('ArrowRight');
    await page.getByLabel("Administrator's credential").waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Tab');
    await page.keyboard.type('ada');
    await page.keyboard.press('Tab');
    await page.keyboard.type(ADA.password);
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Console' }).waitFor();
  });
});

describeInBrowser('A session', () => {
  it('that ends leads to the sign-in page, and from there back to the same place', async () => {
    const tab = await site.openAs(ADA, '#/apps');
    await expectHeading(tab, 'Apps');
    await tab.context.clearCookies();
    await tab.page.getByRole('link', { name: 'New Application' }).click();
    await tab.page.getByRole('alert').getByText('Your session has ended').waitFor();
    await expectNoAxeViolations(tab.page);
    await signIn(tab, ADA);
    await expectHeading(tab, 'New application');
    expect(tab.page.url()).toBe(`${site.address}#/apps/new`);
  });

  it('that ends while a form is filled loses nothing but the secrets: the same person finds it filled', async () => {
    const tab = await site.openAs('administrator', '#/users/new');
    const { page } = tab;
    await page.getByRole('textbox', { name: 'Name' }).fill('margaret');
    await page.getByLabel('Password').fill(ADA.password);
    await page.getByRole('textbox', { name: 'Organization' }).fill('Acme');
    await page.getByRole('checkbox', { name: 'orders:read', exact: true }).check();
    await tab.context.clearCookies();
    await page.getByRole('button', { name: 'Create user' }).click();
    await page.getByRole('alert').getByText('Your session has ended').waitFor();
    await signIn(tab, 'administrator');
    await expectHeading(tab, 'New user');
    await page.getByRole('checkbox', { name: 'orders:read', exact: true, checked: true }).waitFor();
    expect(await page.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('margaret');
    expect(await page.getByRole('textbox', { name: 'Organization' }).inputValue()).toBe('Acme');
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await page.getByLabel('Password').fill(ADA.password);
    await page.getByRole('button', { name: 'Create user' }).click();
    await page.getByRole('cell', { name: 'margaret', exact: true }).waitFor();
  });

  it('of another person does not show what was typed before', async () => {
    const tab = await site.openAs('administrator', '#/apps/new');
    const { page } = tab;
    await page.getByRole('textbox', { name: 'Name' }).fill('Confidential');
    await tab.context.clearCookies();
    await page.getByRole('checkbox', { name: 'orders:read', exact: true }).check();
    await page.getByRole('button', { name: 'Create application' }).click();
    await page.getByRole('alert').getByText('Your session has ended').waitFor();
    await signIn(tab, ADA);
    await expectHeading(tab, 'New application');
    expect(await page.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('');
  });

  it('ends by signing out, and a reload does not bring it back', async () => {
    const tab = await site.openAs(ADA, '#/apps');
    await expectHeading(tab, 'Apps');
    await tab.page.getByRole('button', { name: 'Sign out' }).click();
    await tab.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await tab.page.getByText('Your session has ended').count()).toBe(0);
    await tab.page.reload();
    await tab.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(new URL(tab.page.url()).hash).toBe('#/');
  });

  it('goes on where signing out fails, and the page says so', async () => {
    const { page, context } = await site.openAs(ADA, '#/apps');
    // Another tab signs in, so this one no longer knows the session's CSRF value.
    const { name: user, password } = ADA;
    await context.request.post(`${site.address}api/session`, { data: { user, password } });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('alert').getByText('You are still signed in').waitFor();
    expect(await page.getByRole('heading', { name: 'Sign in' }).count()).toBe(0);
    await page.reload();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await context.cookies()).toEqual([]);
  });

  it('of a developer shows neither users nor the audit log', async () => {
    const tab = await site.openAs(ADA, '#/users');
    await expectHeading(tab, 'No such page');
    expect(await tab.page.getByRole('link', { name: 'Audit' }).count()).toBe(0);
  });

  it('keeps the chosen theme', async () => {
    const { page } = await site.openAs(ADA);
    await page.getByLabel('Theme').first().selectOption('dark');
    await page.reload();
    await page.getByRole('navigation', { name: 'Console' }).waitFor();
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
  });
});

describeInBrowser('An application', () => {
  it('is created, copied, renamed and deleted with the keyboard alone, and each step is announced', async () => {
    const { page } = await site.openAs(ADA, '#/apps');
    const press = async (...keys: readonly string[]): Promise<void> => {
      for (const key of keys) await page.keyboard.press(key);
    };
    /** Presses Tab until the control with this name has the focus. */
    const reach = async (name: RegExp): Promise<void> => {
      for (let stop = 0; stop < 60; stop += 1) {
        await press('Tab');
        const focused = page.locator(':focus');
        if ((await focused.count()) > 0 && name.test(await focused.ariaSnapshot())) return;
      }
      throw new Error(`the Tab key does not reach ${String(name)}`);
    };
    await page.locator('h1').waitFor();
    await page.evaluate('document.activeElement?.blur()');
    await reach(/link "Skip to the content"/);
    await press('Enter');
    await page.locator('main:focus').waitFor();
    await reach(/link "\+ New Application"/);
    await press('Enter');
    await page.locator('h1:focus', { hasText: 'New application' }).waitFor();
    await reach(/textbox "Name"/);
    await page.keyboard.type('By keyboard');
    await reach(/checkbox "orders:read/);
    await press('Space', 'Enter');
    await page.locator('h1:focus', { hasText: 'By keyboard is created' }).waitFor();
    await reach(/button "Copy: key"/);
    await press('Enter');
    await page.locator('[aria-live=polite]', { hasText: 'Copied' }).waitFor();
    await reach(/link "Go to the application"/);
    await press('Enter');
    await page.locator('h1:focus', { hasText: 'By keyboard' }).waitFor();
    await reach(/textbox "Name"/);
    // The field is selected as it gets the focus.
    await page.keyboard.type('By keyboard 2');
    await press('Enter');
    await page.getByRole('status').getByText('Saved').waitFor();
    await reach(/button "Delete application"/);
    await press('Enter');
    await page.locator('dialog input:focus').waitFor();
    await page.keyboard.type('By keyboard 2');
    await press('Enter');
    await page.locator('h1:focus', { hasText: 'By keyboard 2 is deleted' }).waitFor();
    await page.getByRole('status').getByText('The deletion reached').waitFor();
  });
});
