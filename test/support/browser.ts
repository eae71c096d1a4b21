/** A browser for the tests of the console's page. Everything that must hold on every page is collected and checked here. */
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import type { AxeResults } from 'axe-core';
import { expect } from 'vitest';

/** Whether there is a browser; the global setup has looked for one. */
export const hasBrowser = process.env['TOLLGATE_CHROMIUM'] !== undefined;

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Of one step. A step takes a tenth of a second; on a busy machine it may take some. */
const TIMEOUT_MS = 15_000;

/** The two widths that every page is made for. */
export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

export interface TestBrowser {
  /** Opens a tab with a session of its own. */
  open(url: string, options?: TabOptions): Promise<Tab>;
  /** Closes the tabs that it has opened. */
  close(): Promise<void>;
}

export interface TabOptions {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly theme?: 'light' | 'dark';
}

export interface Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What must not happen: errors of the console or of scripts, dialogs, requests to another host. */
  readonly problems: string[];
  close(): Promise<void>;
}

let running: Promise<Browser> | undefined;

/** Starts the browser, or takes the one of this process, which ends with it. Each tab has a session of its own. */
export async function startBrowser(): Promise<TestBrowser> {
  running ??= chromium.launch({
    executablePath: process.env['TOLLGATE_CHROMIUM']!,
    args: ['--no-sandbox'],
  });
  const browser = await running;
  const tabs: Tab[] = [];
  return {
    async open(url, options) {
      const tab = await openTab(browser, url, options);
      tabs.push(tab);
      return tab;
    },
    async close() {
      await Promise.all(tabs.map((tab) => tab.close()));
    },
  };
}

async function openTab(
  browser: Browser,
  url: string,
  { viewport = DESKTOP, theme = 'light' }: TabOptions = {},
): Promise<Tab> {
  const context = await browser.newContext({
    viewport,
    colorScheme: theme,
    permissions: ['clipboard-read', 'clipboard-write'],
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  const problems = watchProblems(page, new URL(url).origin);
  await page.goto(url);
  return { page, context, problems, close: () => context.close() };
}

function watchProblems(page: Page, origin: string): string[] {
  const problems: string[] = [];
  page.on('console', (message) => {
    // The browser reports each response of 400 and above as an error. Those are a part of some flows.
    const isStatus = message.text().startsWith('Failed to load resource: the server responded');
    if (message.type() === 'error' && !isStatus) problems.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`script: ${error.message}`));
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) problems.push(`another host: ${request.url()}`);
  });
  return problems;
}

/**
 * Fails with the rules that the page violates, once it is drawn. The script of axe is evaluated by the debugging protocol, so the page's
 * content security policy stays in force.
 */
export async function expectNoAxeViolations(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<AxeResults>('axe.run(document)');
  const found = violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`,
  );
  expect(found).toEqual([]);
}

/** What is wider than the window, or the entries of the pages than their bar. */
const TOO_WIDE = `[document.documentElement, ...document.querySelectorAll('nav ul')]
  .filter(({scrollWidth, clientWidth}) => scrollWidth > clientWidth)
  .map(({tagName, scrollWidth, clientWidth}) => tagName + ': ' + scrollWidth + ' of ' + clientWidth)`;

/** Fails where something stays too wide: after a change of the window's size a first layout has other widths. */
export async function expectNoHorizontalScroll(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate<readonly string[]>(TOO_WIDE)).toEqual([]);
}
