/** The demo as a stranger meets it: the printed address, the printed login, and the first page. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  DESKTOP,
  expectNoAxeViolations,
  expectNoHorizontalScroll,
  hasBrowser,
  PHONE,
  startBrowser,
  type Tab,
  type TabOptions,
  type TestBrowser,
} from '../../support/browser.js';
import { startCommand, type RunningCommand } from '../../support/command.js';
import { freePort } from '../../support/redis.js';
import { openBrowser } from '../support.js';
import { describeInBrowser, expectHeading, signIn } from './fixture.js';

const shell = promisify(execFile);
/** The page asks every second; the rest is for a busy machine. */
const SEEN_MS = 8000;
const ACCEPTED = 'The gateway accepts this token';

let folder: string;
let demo: RunningCommand;
let browser: TestBrowser;
let tab: Tab;
let address: string;
let admin: string;
let user: { name: string; password: string };

beforeAll(async () => {
  if (!hasBrowser) return;
  folder = await mkdtemp(join(tmpdir(), 'tollgate-demo-'));
  const [listen, adminPort, service] = await Promise.all([freePort(), freePort(), freePort()]);
  admin = `http://127.0.0.1:${adminPort}`;
  demo = startCommand(['demo'], {
    cwd: folder,
    env: {
      DATABASE_URL: `sqlite:${join(folder, 'tollgate.db')}`,
      TOLLGATE_LISTEN: `127.0.0.1:${listen}`,
      TOLLGATE_ADMIN: `127.0.0.1:${adminPort}`,
      TOLLGATE_ISSUER: `http://127.0.0.1:${listen}`,
      NOTARIZATIONS_URL: `http://127.0.0.1:${service}`,
      JWKS_URL: `http://127.0.0.1:${service}/jwks`,
    },
  });
  [address = ''] = await demo.until(/^ {2}http:\S+\/console\/$/m).then(([line]) => [line.trim()]);
  const [, name = '', password = ''] = await demo.until(/^ {2}user +(\S+)\n {2}password +(\S+)$/m);
  user = { name, password };
  browser = await startBrowser();
});
afterEach(async () => {
  const { problems } = tab;
  await tab.close();
  expect(problems).toEqual([]);
});
afterAll(async () => {
  if (!hasBrowser) return;
  await Promise.all([browser.close(), demo.close()]);
  await rm(folder, { recursive: true });
});

async function openSignedIn(options?: TabOptions): Promise<Tab> {
  tab = await browser.open(address, options);
  await signIn(tab, { ...user, organization: '', scopes: [] });
  await tab.page.getByText(ACCEPTED).waitFor();
  return tab;
}

/** The line as it is copied, and so as it is pasted. */
async function copied({ page }: Tab, number: number): Promise<string> {
  await page.getByRole('button', { name: `Copy: line ${number}` }).click();
  await page.getByRole('button', { name: `Copied: line ${number}` }).waitFor();
  return page.evaluate<string>('navigator.clipboard.readText()');
}

describeInBrowser('The first page of the demo', () => {
  it('shows the sample app, and the requests of the lines that are pasted within seconds', async () => {
    const { page } = await openSignedIn();
    await page.getByRole('link', { name: 'Sample app of the gateway' }).first().waitFor();
    await page.getByText('6 of 6 routes are open to it.').waitFor();
    await page.getByText('No request yet.').waitFor();
    const answer = await shell('sh', ['-c', await copied(tab, 1)]);
    expect(answer.stdout).toMatch(/^HTTP\/1\.1 200 OK/);
    const requests = page.getByRole('region', { name: 'Its requests' });
    await requests.getByText('1 admitted', { exact: true }).waitFor({ timeout: SEEN_MS });
    const { stdout: statuses } = await shell('sh', ['-c', await copied(tab, 2)]);
    expect(statuses.trim().split(' ')).toEqual([...Array<string>(9).fill('200'), '429', '429', '429']);
    await requests.getByText('3 refused', { exact: true }).waitFor({ timeout: SEEN_MS });
    const { stdout: refused } = await shell('sh', ['-c', await copied(tab, 3)]);
    expect(refused).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('hands the token over to the debugger, and has it in no address and no storage', async () => {
    const { page } = await openSignedIn();
    const token = await page.getByLabel('Token', { exact: true }).innerText();
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    await page.getByRole('button', { name: 'Open in the debugger' }).click();
    await expectHeading(tab, 'Debugger');
    expect(await page.getByRole('textbox', { name: 'Token' }).inputValue()).toBe(token.trim());
    await page.getByText(ACCEPTED).waitFor();
    const kept = await page.evaluate<string>(
      'JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href, history.state])',
    );
    const [, payload = ''] = token.split('.');
    expect(payload).not.toBe('');
    expect(
      [...addresses, kept, demo.stdout(), demo.stderr()].filter((text) => text.includes(payload)),
    ).toEqual([]);
  });

  it.each([
    ['light', DESKTOP],
    ['dark', PHONE],
  ] as const)('has no fault that axe finds, in %s', async (theme, viewport) => {
    const { page } = await openSignedIn({ theme, viewport });
    await page.locator('.activity-chart figcaption').waitFor();
    await expectNoAxeViolations(page);
    await expectNoHorizontalScroll(page);
  });

  it('is that of an administrator too, and says when the app was deleted and its token refused', async () => {
    const { page } = await openSignedIn();
    const credential = (await readFile(join(folder, 'data', 'admin-token'), 'utf8')).trim();
    const administrator = openBrowser(address.slice(0, -1));
    await administrator.signIn({ credential });
    const sample = await administrator.json<{ app: string; token: string }>('GET', 'sample');
    expect(sample.token).toContain('.');
    const stranger = {
      name: 'stranger',
      password: 'correct horse battery',
      organization: 'Other',
      scopes: ['*'],
    };
    await administrator.json('POST', 'users', stranger);
    const developer = openBrowser(address.slice(0, -1));
    await developer.signIn({ user: stranger.name, password: stranger.password });
    expect((await developer.ask('GET', 'sample')).status).toBe(404);
    expect(await developer.json('GET', 'overview')).toMatchObject({ has_sample: false });
    expect((await openBrowser(address.slice(0, -1)).ask('GET', 'sample')).status).toBe(401);
    const deleted = await fetch(`${admin}/api/apps/${sample.app}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${credential}` },
    });
    expect(deleted.status).toBe(204);
    await page.getByText('This application was deleted').waitFor({ timeout: SEEN_MS });
    await page.getByText('The gateway refuses this token').waitFor({ timeout: SEEN_MS });
  });
});
