/**
 * Takes the pictures of the console for README.md and docs/console.md: `npm run screenshots`. It runs the demo with a few apps and
 * some minutes of traffic, and writes docs/img/console-*-light.png. TOLLGATE_CHROMIUM names the browser; otherwise it is chromium
 * on the PATH.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const ROOT = resolve(import.meta.dirname, '..');
const SECONDS = Number(process.env['TOLLGATE_SCREENSHOTS_SECONDS'] ?? 180);
const CREDENTIAL = 'the-administrator-of-the-pictures';
const APPS = [
  ['Reports', 'Acme', ['notarization:read']],
  ['Mobile app', 'Acme', ['notarization:*']],
  ['Nightly export', 'Acme', ['notarization:read', 'sso']],
  ['Back office', 'Initech', ['notarization:read', 'notarization:write']],
  ['Partner portal', 'Initech', ['sso']],
];

const folder = mkdtempSync(join(tmpdir(), 'tollgate-screenshots-'));
const [port, adminPort, servicePort] = await freePorts(3);
const origin = `http://127.0.0.1:${port}`;
const admin = `http://127.0.0.1:${adminPort}`;
const demo = spawn(process.execPath, [join(ROOT, 'dist/cli/main.js'), 'demo'], {
  cwd: folder,
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {
    ...process.env,
    REDIS_URL: '',
    DATABASE_URL: `sqlite:${join(folder, 'tollgate.db')}`,
    TOLLGATE_ADMIN_TOKEN: CREDENTIAL,
    TOLLGATE_LISTEN: `127.0.0.1:${port}`,
    TOLLGATE_ADMIN: `127.0.0.1:${adminPort}`,
    TOLLGATE_ISSUER: origin,
    NOTARIZATIONS_URL: `http://127.0.0.1:${servicePort}`,
    JWKS_URL: `http://127.0.0.1:${servicePort}/jwks`,
  },
});
try {
  await untilReady();
  const apps = await Promise.all(APPS.map(createApp));
  await sendTraffic(apps);
  await takePictures(apps);
} finally {
  demo.kill('SIGTERM');
  await new Promise((done) => demo.once('exit', done));
  rmSync(folder, { recursive: true });
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((done) => server.once('listening', done))));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

async function untilReady() {
  for (let tries = 0; tries < 200; tries += 1) {
    const response = await fetch(`${admin}/readyz`).catch(() => undefined);
    if (response?.ok) return;
    await sleep(100);
  }
  throw new Error('the demo is not ready after 20 seconds');
}

async function createApp([name, organization, scopes]) {
  const response = await fetch(`${admin}/api/apps`, {
    method: 'POST',
    headers: { authorization: `Bearer ${CREDENTIAL}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name, organization, scopes }),
  });
  const { key, secret } = await response.json();
  const granted = await fetch(`${origin}/auth/token`, {
    method: 'POST',
    body: new URLSearchParams({ key, secret }),
  });
  return { name, key, token: (await granted.json()).access_token };
}

/** Requests of every kind, more at some times than at others. */
async function sendTraffic(apps) {
  const end = Date.now() + SECONDS * 1000;
  for (let round = 0; Date.now() < end; round += 1) {
    const wave = 3 + Math.round(2 * Math.sin(round / 12));
    const requests = Array.from({ length: wave }, (_, at) =>
      send(apps[(round + at) % apps.length], round + at),
    );
    await Promise.all(requests);
    await sleep(500);
  }
}

async function send({ token }, number) {
  const kinds = [
    ['GET', '/status'],
    ['GET', '/status', token],
    ['GET', '/notarizations/stamps', token],
    ['GET', '/status'],
    ['POST', '/notarizations/7/stamps', token],
    ['GET', '/status'],
    ['GET', '/notarizations/7/stamps', token],
    ['GET', '/status'],
    ['GET', '/notarizations/stamps'],
  ];
  const [method, path, bearer] = kinds[number % kinds.length];
  const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  await (await fetch(`${origin}${path}`, { method, headers })).arrayBuffer();
}

async function takePictures(apps) {
  const browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'] });
  const viewport = { width: 1280, height: 800 };
  const context = await browser.newContext({ viewport, colorScheme: 'light', reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(`${admin}/console/#/apps`);
  await page.getByRole('tab', { name: 'Administrator' }).click();
  await page.getByLabel("Administrator's credential").fill(CREDENTIAL);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: APPS[0][0] }).waitFor();
  const picture = (name) => page.screenshot({ path: join(ROOT, `docs/img/console-${name}-light.png`) });
  await picture('apps');
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').fill(apps[1].token);
  await page.keyboard.press('Enter');
  await page.getByText(apps[1].name).first().waitFor();
  await sleep(500);
  await picture('debugger');
  await page.getByRole('link', { name: 'Traffic' }).click();
  await page.locator('h1:focus').waitFor();
  await sleep(1000);
  await picture('traffic');
  await context.close();
  await browser.close();
}

function browserPath() {
  const named = process.env['TOLLGATE_CHROMIUM'];
  return (
    named ??
    execFileSync('sh', ['-c', 'command -v chromium chromium-browser google-chrome | head -1'], {
      encoding: 'utf8',
    }).trim()
  );
}
