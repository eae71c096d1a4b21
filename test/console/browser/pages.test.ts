/** What must hold on every page: no fault that axe finds, no scrolling sideways, whatever names people choose. */
import { DatabaseSync } from '@photostructure/sqlite';
import { expect, it } from 'vitest';
import {
  DESKTOP,
  expectNoAxeViolations,
  expectNoHorizontalScroll,
  PHONE,
  type Tab,
} from '../../support/browser.js';
import { administer, issueToken, get, makeApp } from '../../support/token-gate.js';
import { expectKeyboard, expectNamedTree, expectTouchTargets } from '../../support/page-checks.js';
import { ADA, describeInBrowser, PASSWORD, useConsole } from './fixture.js';

const site = useConsole();

const PAGES = [
  'overview',
  'apps',
  'apps/new',
  'debugger',
  'explain',
  'traffic',
  'routes',
  'users',
  'users/new',
  'audit',
  'no/such/page',
];
/** Names have at most 256 characters. */
const LONG = 'W'.repeat(256);
const HOSTILE = [
  '<img src=x onerror=alert(1)><script>alert(1)</script>',
  '"><svg onload=alert(1)>{{7*7}}${7*7}',
  "javascript:alert(1)//' onmouseover='alert(1)",
  LONG,
  '\u200fשלום عالم \u{1f9d1}\u200d\u{1f680}\u{1f3f4}'.repeat(4),
  `Z${'\u0310\u0489'.repeat(100)}algo`,
];
/** The gateway refuses it, but a registry may have it from before, and a token of another issuer always. */
const REVERSED = 'invoice\u202efdp.exe';
const LOOKS = [
  ['at 1280 in light', { viewport: DESKTOP, theme: 'light' }],
  ['at 390 in light', { viewport: PHONE, theme: 'light' }],
  ['at 1280 in dark', { viewport: DESKTOP, theme: 'dark' }],
  ['at 390 in dark', { viewport: PHONE, theme: 'dark' }],
] as const;

/** Of the apps with hostile names. */
const places: string[] = [];

async function goTo({ page }: Tab, place: string): Promise<void> {
  // The heading of the next page takes the focus, so it is not that of the page before.
  await page.evaluate(`document.activeElement?.blur(); location.hash = '#/${place}'`);
  await page.locator('h1:focus').waitFor();
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
}

/** Apps and users with hostile names, and traffic of one of the apps. @returns the places of the apps */
async function addHostileNames(): Promise<readonly string[]> {
  if (places.length > 0) return places;
  for (const [at, name] of HOSTILE.entries()) {
    const app = await makeApp(site.gate, {
      name,
      organization: name,
      scopes: ['orders:read', `${LONG}:${at}`],
    });
    places.push(`apps/${app.key}`);
    const user = { name, organization: name, password: PASSWORD, scopes: [] };
    const added = await administer(site.gate, 'POST', '/api/users', user);
    expect([201, 409]).toContain(added.status);
    if (at === 0) await get(site.gate, '/orders', await issueToken(site.gate, app));
  }
  const app = await makeApp(site.gate, { name: 'Old', organization: 'Old', scopes: ['orders:read'] });
  const registry = new DatabaseSync(site.database.slice('sqlite:'.length));
  registry
    .prepare('UPDATE apps SET name = ?, organization = ? WHERE key = ?')
    .run(REVERSED, REVERSED, app.key);
  registry.close();
  places.push(`apps/${app.key}`);
  return places;
}

describeInBrowser('Every page', () => {
  it.each(LOOKS)(
    '%s has no fault that axe finds and fits, with hostile names',
    async (_, look) => {
      const places = await addHostileNames();
      const tab = await site.openAs('administrator', '', look);
      for (const place of [...PAGES, ...places.filter((_, at) => at % 2 === 0)]) {
        await goTo(tab, place);
        await expectNoHorizontalScroll(tab.page);
        await expectNoAxeViolations(tab.page);
        if (look.viewport === PHONE) await expectTouchTargets(tab.page);
        await expectNamedTree(tab.page);
        if (look === LOOKS[0][1]) await expectKeyboard(tab.page);
        // Text stays text: no element comes of a name.
        expect(
          await tab.page.locator('[src="x"], [onload], [onerror], [onmouseover], body script').count(),
        ).toBe(0);
        expect(tab.problems).toEqual([]);
      }
    },
    120_000,
  );

  it('shows what cannot be seen in a name, and a name that cannot be typed is copied to delete its app', async () => {
    const place = (await addHostileNames()).at(-1)!;
    const tab = await site.openAs('administrator', '#/apps');
    const shown = 'invoice⟨U+202E⟩fdp.exe';
    await tab.page.getByRole('link', { name: shown, exact: true }).waitFor();
    expect(await tab.page.locator('table').innerText()).toContain(
      'Z\u0310\u0489\u0310\u0489⟨196 more marks⟩algo',
    );
    await goTo(tab, place);
    await tab.page.getByRole('heading', { level: 1, name: shown }).waitFor();
    expect(await tab.page.title()).toBe(`${shown} – Tollgate`);
    expect(await tab.page.locator('body').innerText()).not.toContain('\u202e');
    await tab.page.getByRole('button', { name: 'Delete application' }).click();
    await tab.page.getByRole('dialog').getByRole('textbox').fill(shown);
    await tab.page.getByRole('dialog').getByRole('button', { name: 'Delete application' }).click();
    await tab.page.getByRole('heading', { level: 1, name: `${shown} is deleted` }).waitFor();
  });

  it('of a developer shows no app of another organization', async () => {
    await makeApp(site.gate, { name: 'Visible', organization: 'Acme', scopes: ['orders:read'] });
    await makeApp(site.gate, { name: 'Concealed', organization: 'Initech', scopes: ['orders:read'] });
    const tab = await site.openAs(ADA, '#/apps');
    await tab.page.getByRole('link', { name: 'Visible' }).waitFor();
    for (const place of ['overview', 'apps', 'traffic', 'routes']) {
      await goTo(tab, place);
      expect(await tab.page.getByText('Concealed').count()).toBe(0);
    }
  });
});
