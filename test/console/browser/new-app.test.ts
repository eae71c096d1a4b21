/** Creating an application in a browser, and using its key and secret. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { expectNoAxeViolations, type Tab } from '../../support/browser.js';
import { administer } from '../../support/token-gate.js';
import { ADA, describeInBrowser, expectHeading, useConsole } from './fixture.js';

const run = promisify(execFile);
const HAS_PYTHON = spawnSync('python3', ['--version']).status === 0;
const site = useConsole();

const clipboardOf = ({ page }: Tab) => page.evaluate<string>('navigator.clipboard.readText()');

async function create(tab: Tab, name: string, scopes: readonly string[]): Promise<void> {
  const { page } = tab;
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  for (const scope of scopes) await page.getByRole('checkbox', { name: scope, exact: true }).check();
  await page.getByRole('button', { name: 'Create application' }).click();
  await expectHeading(tab, `${name} is created`);
}

describeInBrowser('The page of a new application', () => {
  it('says what is missing, and puts the focus there', async () => {
    const tab = await site.openAs('administrator', '#/apps/new');
    const { page } = tab;
    await page.getByRole('button', { name: 'Create application' }).click();
    await page.getByRole('alert').getByText('Give the application a name').waitFor();
    await page.locator('input[type=text]:focus').waitFor();
    await page.getByRole('textbox', { name: 'Name' }).fill('Reports');
    await page.getByRole('button', { name: 'Create application' }).click();
    await page.getByRole('alert').getByText('Choose at least one scope').waitFor();
    await page.locator('input[type=checkbox]:focus').waitFor();
    await expectNoAxeViolations(page);
  });

  it.each([
    ['x'.repeat(1000), 'the name has 1000 characters; at most 256 are possible'],
    ['fdp.\u202eexe', 'reverse its direction: U+202E'],
    ['\u200b\u3164', 'the name must have at least one character that can be seen'],
  ])('says what is wrong with a name that the gateway refuses', async (name, problem) => {
    const { page } = await site.openAs('administrator', '#/apps/new');
    await page.getByRole('textbox', { name: 'Name' }).fill(name);
    await page.getByRole('checkbox', { name: 'orders:read', exact: true }).check();
    await page.getByRole('button', { name: 'Create application' }).click();
    await page.getByRole('alert').getByText(problem).waitFor();
  });

  it('shows the routes that a ticked scope opens, and what a whole group covers', async () => {
    const { page } = await site.openAs('administrator', '#/apps/new');
    await page.getByRole('checkbox', { name: 'orders:read', exact: true }).check();
    await page.getByText('opens GET /orders and 1 more').click();
    await page.getByText('GET /orders/{id}').waitFor();
    await page.getByRole('checkbox', { name: 'orders:*' }).check();
    const write = page.getByRole('checkbox', { name: 'orders:write' });
    expect([await write.isChecked(), await write.isDisabled()]).toEqual([true, true]);
    await page.getByRole('textbox', { name: 'Another scope' }).fill('reports:read');
    await page.keyboard.press('Enter');
    await page.getByRole('group', { name: 'Scopes that no route names' }).waitFor();
    expect(await page.getByRole('checkbox', { name: 'reports:read' }).isChecked()).toBe(true);
  });

  it('fixes the organization of a developer, and offers only scopes that the own cover', async () => {
    const tab = await site.openAs(ADA, '#/apps/new');
    const { page } = tab;
    await page.getByText('Acme').first().waitFor();
    expect(await page.getByRole('textbox', { name: 'Organization' }).count()).toBe(0);
    expect(await page.getByRole('checkbox', { name: 'files:read' }).count()).toBe(0);
    await create(tab, 'Of Ada', ['orders:read']);
    await page.getByRole('link', { name: 'Go to the application' }).click();
    await expectHeading(tab, 'Of Ada');
    await page.getByText('Acme').first().waitFor();
  });
});

describeInBrowser('The list of applications', () => {
  it('offers a developer of no organization, who can have none, no new one', async () => {
    const { name, password } = { ...ADA, name: 'noether' };
    await administer(site.gate, 'POST', '/api/users', { name, password, scopes: [] });
    const { page } = await site.openAs({ ...ADA, name }, '#/apps');
    await page.getByText('You belong to no organization').waitFor();
    expect(await page.getByRole('link', { name: /New Application/ }).count()).toBe(0);
  });
});

describeInBrowser('The key and the secret of a created application', () => {
  it('are copied whole, and shown once', async () => {
    const tab = await site.openAs('administrator', '#/apps/new');
    const { page } = tab;
    await create(tab, 'Copied', ['orders:read']);
    await expectNoAxeViolations(page);
    await page.getByRole('button', { name: 'Copy: secret' }).click();
    await page.getByRole('button', { name: 'Copied: secret' }).waitFor();
    const secret = await clipboardOf(tab);
    await page.getByRole('button', { name: 'Copy: key' }).click();
    await page.getByRole('button', { name: 'Copied: key' }).waitFor();
    const key = await clipboardOf(tab);
    const form = new URLSearchParams({ key, secret });
    expect((await fetch(`${site.gate.url}/auth/token`, { method: 'POST', body: form })).status).toBe(200);
    await page.getByRole('link', { name: 'Go to the application' }).click();
    await expectHeading(tab, 'Copied');
    expect(await page.content()).not.toContain(secret);
    await page.goBack();
    await expectHeading(tab, 'New application');
    expect(await page.content()).not.toContain(secret);
  });

  it.each([
    ['curl', 'sh', ['-c']],
    ['Node', process.execPath, ['--input-type=module', '--eval']],
    ...(HAS_PYTHON ? [['Python', 'python3', ['-c']] as const] : []),
  ] as const)('work in the %s snippet as pasted', async (language, program, args) => {
    const tab = await site.openAs('administrator', '#/apps/new');
    const { page } = tab;
    await create(tab, `It's for "${language}" $HOME`, ['orders:read']);
    await page.getByRole('tab', { name: language }).click();
    await page.getByRole('button', { name: /^Copy: .* snippet/ }).click();
    await page.getByRole('button', { name: /^Copied: .* snippet/ }).waitFor();
    const { stdout } = await run(program, [...args, await clipboardOf(tab)]);
    expect(stdout).toContain('200');
    expect(stdout).toContain('/orders');
  });
});
