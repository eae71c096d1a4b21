/** For browser tests of the console: a gateway with registry and Redis, its users, and a tab in which someone is signed in. */
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import {
  hasBrowser,
  startBrowser,
  type Tab,
  type TabOptions,
  type TestBrowser,
} from '../../support/browser.js';
import { ADMIN_TOKEN, startGate, type Config, type TestGate } from '../../support/gate.js';
import { freePort, randomPrefix, redisUrl, removeKeys } from '../../support/redis.js';
import { administer, createDatabaseFile, tokensIn } from '../../support/token-gate.js';
import { startEchoUpstream, type EchoUpstream } from '../../support/upstream.js';

export const PASSWORD = 'correct horse battery staple';

/** Developers: each sees the apps of the own organization only. */
export const ADA = { name: 'ada', password: PASSWORD, organization: 'Acme', scopes: ['orders:*'] };
export const GRACE = { name: 'grace', password: PASSWORD, organization: 'Initech', scopes: ['files:read'] };

interface ConsoleFixture {
  readonly gate: TestGate;
  readonly upstream: EchoUpstream;
  /** Of the registry, as named in the file. */
  readonly database: string;
  readonly browser: TestBrowser;
  /** The address of the page: `http://127.0.0.1:PORT/console/`. */
  readonly address: string;
  /** Opens a tab at a place of the page, `#/apps`; nobody is signed in. */
  open(place?: string, options?: TabOptions): Promise<Tab>;
  /** Opens a tab at a place as the administrator, or as a user. */
  openAs(user: 'administrator' | typeof ADA, place?: string, options?: TabOptions): Promise<Tab>;
  close(): Promise<void>;
}

/** Tests that need a browser. */
export const describeInBrowser = describe.skipIf(!hasBrowser);

/**
 * Starts the fixture before the tests of a file and closes it after them. After each test every tab is closed, and nothing
 * must have happened in it that must not happen on any page.
 *
 * @param more further keys of the file
 */
export function useConsole(
  more: () => Promise<Partial<Config>> = () => Promise.resolve({}),
): Omit<ConsoleFixture, 'close' | 'browser'> {
  let fixture: ConsoleFixture | undefined;
  const tabs: Tab[] = [];
  const started = (): ConsoleFixture => {
    if (!fixture) throw new Error('the console is not started');
    return fixture;
  };
  const track = async (opening: Promise<Tab>): Promise<Tab> => {
    tabs.push(await opening);
    return opening;
  };
  beforeAll(async () => {
    if (hasBrowser) fixture = await startConsole(await more());
  });
  afterEach(async () => {
    const problems = tabs.flatMap((tab) => tab.problems);
    await Promise.all(tabs.splice(0).map((tab) => tab.close()));
    expect(problems).toEqual([]);
  });
  afterAll(() => fixture?.close());
  return {
    get gate() {
      return started().gate;
    },
    get upstream() {
      return started().upstream;
    },
    get database() {
      return started().database;
    },
    get address() {
      return started().address;
    },
    open: (...args) => track(started().open(...args)),
    openAs: (...args) => track(started().openAs(...args)),
  };
}

async function startConsole(more: Partial<Config>): Promise<ConsoleFixture> {
  const prefix = randomPrefix();
  const [file, upstream, browser] = await Promise.all([
    createDatabaseFile(),
    startEchoUpstream(),
    startBrowser(),
  ]);
  const gate = await startOnFreePort((port) =>
    startGate({
      ...more,
      redis: { url: redisUrl(), key_prefix: prefix },
      listen: `127.0.0.1:${port}`,
      // The snippets name it, so it is where the gateway is.
      tokens: { ...tokensIn(file.database), issuer: `http://127.0.0.1:${port}` },
      console: { name: 'Test gateway' },
      upstreams: { service: upstream.origin },
      defaults: { limit: '10 per 2m' },
      routes: [
        { match: 'GET /orders', upstream: 'service', scope: 'orders:read' },
        {
          match: 'POST /orders',
          upstream: 'service',
          scope: 'orders:write',
          limit: ['10 per 2m', '1000 per 1d'],
        },
        { match: 'GET /orders/{id}', upstream: 'service', scope: 'orders:read' },
        { match: 'GET /files/{path**}', upstream: 'service', scope: 'files:read', limit: 'none' },
        { match: 'GET /status', upstream: 'service', public: true, limit: 'none' },
      ],
    }),
  );
  for (const user of [ADA, GRACE])
    expect((await administer(gate, 'POST', '/api/users', user)).status).toBe(201);
  const address = `${gate.adminUrl}/console/`;
  const open = (place = '', options?: TabOptions) => browser.open(`${address}${place}`, options);
  return {
    gate,
    upstream,
    database: file.database,
    browser,
    address,
    open,
    async openAs(user, place, options) {
      const tab = await open(place, options);
      await signIn(tab, user);
      return tab;
    },
    async close() {
      await browser.close();
      await gate.stop();
      await Promise.all([upstream.close(), file.remove(), removeKeys(prefix)]);
    },
  };
}

/** Something else may take a free port before it is listened at. */
async function startOnFreePort(start: (port: number) => Promise<TestGate>, triesLeft = 3): Promise<TestGate> {
  try {
    return await start(await freePort());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || triesLeft === 0) throw error;
    return startOnFreePort(start, triesLeft - 1);
  }
}

/** Fills in the sign-in page, and waits for the page behind it. */
export async function signIn({ page }: Tab, user: 'administrator' | typeof ADA): Promise<void> {
  if (user === 'administrator') {
    await page.getByRole('tab', { name: 'Administrator' }).click();
    await page.getByLabel("Administrator's credential").fill(ADMIN_TOKEN);
  } else {
    await page.getByRole('textbox', { name: 'User' }).fill(user.name);
    await page.getByLabel('Password').fill(user.password);
  }
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Console' }).waitFor();
}

/** Waits until the page has this heading, and has the focus on it. */
export async function expectHeading({ page }: Tab, name: string | RegExp): Promise<void> {
  const heading = page.getByRole('heading', { level: 1, name });
  await heading.waitFor();
  await page.locator('h1:focus').waitFor();
}
