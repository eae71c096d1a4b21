/** The demo: `tollgate demo` runs a working gateway, and every printed command has the described result. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { openBrowser } from '../console/support.js';
import { startCommand, type RunningCommand } from '../support/command.js';
import { freePort } from '../support/redis.js';

let demo: RunningCommand;
let gate: string;
let admin: string;
let token: string;
let other: string;

beforeAll(async () => {
  const [listen, adminPort, service] = await Promise.all([freePort(), freePort(), freePort()]);
  gate = `http://127.0.0.1:${listen}`;
  admin = `http://127.0.0.1:${adminPort}`;
  demo = startCommand(['demo'], {
    env: {
      TOLLGATE_LISTEN: `127.0.0.1:${listen}`,
      TOLLGATE_ADMIN: `127.0.0.1:${adminPort}`,
      NOTARIZATIONS_URL: `http://127.0.0.1:${service}`,
      JWKS_URL: `http://127.0.0.1:${service}/jwks`,
    },
  });
  [, token = ''] = await demo.until(/^export TOKEN=(\S+)$/m);
  [, other = ''] = await demo.until(/^export OTHER=(\S+)$/m);
  await demo.until(/\/status'\n/);
});

afterAll(() => demo.close());

/** Runs a request as curl would, and keeps what a person would look at. */
async function curl(path: string, bearer?: string, method = 'GET') {
  const response = await fetch(gate + path, {
    method,
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
  });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

describe('the guide of the demo', () => {
  it('ten requests succeed, each with the remaining count, and the eleventh gets the documented 429', async () => {
    const begun = Date.now() / 1000;
    for (let left = 9; left >= 0; left--) {
      const { status, headers, body } = await curl('/notarizations/stamps', token);
      expect(status).toBe(200);
      expect(JSON.parse(body)).toHaveProperty('stamps');
      expect(headers.get('x-ratelimit-limit')).toBe('10');
      expect(headers.get('x-ratelimit-remaining')).toBe(String(left));
      const reset = Number(headers.get('x-ratelimit-reset'));
      expect(reset).toBeGreaterThanOrEqual(Math.floor(begun) + 120);
      expect(reset).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000) + 120);
    }
    const { status, headers, body } = await curl('/notarizations/stamps', token);
    expect(status).toBe(429);
    expect(body).toBe(
      '{"errors":[{"code":88,"message":"Rate limit exceeded: at most 10 requests per 2m for each app"}]}',
    );
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('x-ratelimit-remaining')).toBe('0');
    const wait = Number(headers.get('retry-after'));
    expect(wait).toBeGreaterThan(60);
    expect(wait).toBeLessThanOrEqual(120);
    expect(headers.get('x-request-id')).toMatch(/^[\w-]{8,}$/);
  });

  it('the limit of one endpoint does not affect another', async () => {
    const { status, headers } = await curl('/notarizations/1/stamps', token);
    expect(status).toBe(200);
    expect(headers.get('x-ratelimit-remaining')).toBe('9');
  });

  it('a token without the scope is 403 and names the missing scope', async () => {
    const { status, headers, body } = await curl('/notarizations/stamps', other);
    expect(status).toBe(403);
    expect(body).toBe(
      '{"errors":[{"code":220,"message":"The token does not have the scope that this resource requires: notarization:read"}]}',
    );
    expect(headers.get('www-authenticate')).toMatch(
      /^Bearer .*error="insufficient_scope".*scope="notarization:read"/,
    );
  });

  it('a missing token is 401 with the documented message', async () => {
    const { status, headers, body } = await curl('/notarizations/stamps');
    expect(status).toBe(401);
    expect(body).toBe(
      '{"errors":[{"code":215,"message":"You must specify a Bearer token in the Authorization header to access this resource"}]}',
    );
    expect(headers.get('www-authenticate')).toBe('Bearer realm="tollgate"');
  });

  it('a stamp is created under the name of the app that the token belongs to', async () => {
    const { status, body } = await curl('/notarizations/7/stamps', token, 'POST');
    expect(status).toBe(201);
    expect(JSON.parse(body)).toMatchObject({ notarization: '7', by: 'sample-app' });
  });

  it('the feed sends its events as they happen', async () => {
    const stop = new AbortController();
    const response = await fetch(`${gate}/notarizations/feed`, {
      headers: { authorization: `Bearer ${token}` },
      signal: stop.signal,
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    let text = '';
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk).toString();
      if (text.split('\n\n').length > 2) break;
    }
    stop.abort();
    expect(text).toMatch(/^event: stamps\ndata: \{"count":\d+\}\n\n/);
  });

  it('the WebSocket echoes through the gateway, and is refused without a token', async () => {
    const url = `${gate.replace('http', 'ws')}/notarizations/echo`;
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
    await once(socket, 'open');
    socket.send('hello');
    const [message] = (await once(socket, 'message')) as [Buffer];
    expect(message.toString()).toBe('hello');
    socket.close();
    await once(socket, 'close');

    const stranger = new WebSocket(url);
    stranger.on('error', () => undefined);
    const [, response] = (await once(stranger, 'unexpected-response')) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(401);
    stranger.terminate();
  });

  it('the public route needs no token and has no limit', async () => {
    const { status, headers, body } = await curl('/status');
    expect([status, body]).toEqual([200, '{"status":"open"}']);
    expect(headers.get('x-ratelimit-limit')).toBeNull();
  });

  it('health and readiness are on the admin port and not on the public one', async () => {
    for (const path of ['/healthz', '/readyz']) {
      expect((await fetch(admin + path)).status).toBe(200);
      expect((await curl(path)).status).toBe(404);
    }
  });

  it('the terminal shows each request, its route and its caller, without a token', () => {
    expect(demo.stdout()).toMatch(/^200 GET \/notarizations\/stamps for sample-app in [\d.]+ ms$/m);
    expect(demo.stdout()).toMatch(/^429 GET .* \(rate_limited\)$/m);
    expect(demo.stdout()).toMatch(/^401 GET .* for nobody .* \(no_token\)$/m);
    expect(demo.stdout().split(token)).toHaveLength(2);
  });

  it('the console is where the demo says, and shows its user the app of the demo', async () => {
    const [, address = ''] = await demo.until(/^ {2}(http\S+\/console\/)$/m);
    const [, user = '', password = ''] = await demo.until(/^ {2}user +(\S+)\n {2}password +(\S+)$/m);
    await demo.until(/An administrator sees all requests, and signs in with the credential in\n\S+\.\n/);
    expect((await fetch(address)).headers.get('content-type')).toBe('text/html; charset=utf-8');
    const browser = openBrowser(address.replace(/\/$/, ''));
    expect(await browser.signIn({ user, password })).toMatchObject({ organization: 'Sample Ltd.' });
    const { apps } = await browser.json<{ apps: { name: string }[] }>('GET', 'apps');
    expect(apps.map(({ name }) => name)).toContain('Sample app of the gateway');
  });

  it('the lines that delete the app of the console come after those of the console', async () => {
    await demo.until(/^curl .*--request DELETE/m);
    expect(demo.stdout().indexOf('--request DELETE')).toBeGreaterThan(demo.stdout().indexOf('/console/'));
  });

  it('Ctrl-C stops it at once with exit code 0, with open connections or without', async () => {
    const open = await fetch(`${gate}/notarizations/feed`, { headers: { authorization: `Bearer ${token}` } });
    expect(open.status).toBe(200);
    const cut = open.text().catch(() => 'cut');
    const begun = performance.now();
    demo.signal('SIGINT');
    const ended = await Promise.race([demo.ended, sleep(5000)]);
    expect(ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - begun).toBeLessThan(3000);
    expect(await cut).toBe('cut');
    expect(demo.stderr()).toBe('');
  });
});
