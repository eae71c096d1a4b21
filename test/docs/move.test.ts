/** The pages about moving to Tollgate: the files and programs that they show behave as they say. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/config.js';
import { blockAfter } from '../support/docs-block.js';
import { rsaPem } from '../support/key-pair.js';
import { startGate, type Config, type TestGate } from '../support/gate.js';
import { freePort } from '../support/redis.js';
import { createSigningKey, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { until } from '../support/until.js';

const EXPRESS_GATEWAY = 'docs/move-from-express-gateway.md';
const PILE = 'docs/move-from-express-pile.md';

interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly token?: string;
  readonly body?: string;
  /** How often it is sent; the last status counts. */
  readonly times?: number;
}

let folder: string;
let issuer: TestIssuer;
const service = createServer((request, response) => {
  request.resume().on('end', () => response.end(String(request.headers['x-user'])));
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-move-'));
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  issuer = await createTestIssuer();
  await once(service.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  service.close();
  service.closeAllConnections();
  await Promise.all([issuer.close(), rm(folder, { recursive: true })]);
});

/** A block of a page with the addresses of this test. */
function block(page: string, after: string, language: string, port: number): string {
  return blockAfter(page, after, language)
    .replaceAll('http://127.0.0.1:9100', issuer.iss)
    .replaceAll('127.0.0.1:9001', `127.0.0.1:${(service.address() as AddressInfo).port}`)
    .replaceAll('8080', String(port));
}

describe('docs/move-from-express-pile.md', () => {
  let gate: TestGate;
  let before: string;
  let pile: ReturnType<typeof spawn>;

  beforeAll(async () => {
    const port = await freePort();
    await writeFile(join(folder, 'pile.mjs'), block(PILE, '\nBefore:\n', 'js', port));
    pile = spawn(process.execPath, ['pile.mjs'], { cwd: folder, stdio: 'ignore' });
    before = `http://127.0.0.1:${port}`;
    gate = await startGate({
      ...(parse(block(PILE, '\nAfter:\n', 'yaml', 0)) as Config),
      listen: '127.0.0.1:0',
    });
    await until(() =>
      fetch(before)
        .then(() => true)
        .catch(() => false),
    );
  });
  afterAll(async () => {
    pile.kill();
    await gate.stop();
  });

  const token = (app: string, claims: Record<string, unknown> = {}, header = {}): string =>
    issuer.sign({ aud: 'orders-api', sub: app, scope: 'orders:read', ...claims }, header);
  /** Each with an app of its own, so that limits do not interfere. */
  const calls: Readonly<Record<string, () => Call>> = {
    '`GET /orders/7` without a token': () => ({}),
    '`GET /orders/7` with the scope': () => ({ token: token('a') }),
    '`GET /orders/7` with another scope': () => ({ token: token('b', { scope: 'orders:write' }) }),
    '`GET /orders/7` with an expired token': () => ({ token: token('c', { exp: 1 }) }),
    '`GET /orders/7` with a token for another audience': () => ({ token: token('d', { aud: 'other' }) }),
    '`GET /orders/7` with a token that another key signed': () => ({
      token: issuer.sign(
        { aud: 'orders-api', scope: 'orders:read' },
        { kid: issuer.key.kid },
        createSigningKey(),
      ),
    }),
    '`POST /orders` with the scope and a body': () => ({
      method: 'POST',
      path: '/orders',
      body: '{"item":7}',
      token: token('e', { scope: 'orders:write' }),
    }),
    '`GET /status` without a token': () => ({ path: '/status' }),
    '`GET /nothing`': () => ({ path: '/nothing' }),
    'the eleventh `GET /orders/7` of an app in two minutes': () => ({ token: token('f'), times: 11 }),
    '`GET /orders/7` with a token that never expires': () => ({ token: token('g', { exp: undefined }) }),
    '`GET /orders/7` with a token of the `typ` `logout+jwt`': () => ({
      token: token('h', {}, { typ: 'logout+jwt' }),
    }),
    '`GET /Orders/7`': () => ({ path: '/Orders/7', token: token('i') }),
    '`GET /orders/7/`': () => ({ path: '/orders/7/', token: token('j') }),
    '`DELETE /orders/7`': () => ({ method: 'DELETE', token: token('k') }),
    '`GET /orders/%2e%2e%2fadmin`': () => ({ path: '/orders/%2e%2e%2fadmin', token: token('l') }),
  };

  const rows = [...readFileSync(PILE, 'utf8').matchAll(/^\| (.+?) \| (\d{3}) \| (\d{3}) \|/gm)];

  it('has the statuses of every request that is tried here, and of no other', () => {
    expect(rows.map(([, request]) => request)).toEqual(Object.keys(calls));
  });

  it.each(rows.map(([, request, ...statuses]) => [request!, statuses[0]!, statuses[1]!] as const))(
    'has the statuses of %s: %s before, %s after',
    async (request, old, now) => {
      const call = calls[request]!();
      expect([await statusOf(before, call), await statusOf(gate.url, call)]).toEqual([
        Number(old),
        Number(now),
      ]);
    },
  );

  it('has a file that tells the service of the same user', async () => {
    const headers = { authorization: `Bearer ${token('ada')}` };
    const answers = await Promise.all(
      [before, gate.url].map(async (url) => (await fetch(`${url}/orders/7`, { headers })).text()),
    );
    expect(answers).toEqual(['ada', 'ada']);
  });
});

describe('docs/move-from-express-gateway.md', () => {
  it('has a file that is valid, with a route for each endpoint of the other file and no more access', async () => {
    await writeFile(join(folder, 'issuer.pem'), rsaPem().publicKey);
    const before = parse(blockAfter(EXPRESS_GATEWAY, '\nBefore, in ', 'yaml')) as ExpressGatewayFile;
    const file = block(EXPRESS_GATEWAY, '\nAfter, in ', 'yaml', 0);
    await writeFile(join(folder, 'gateway.yaml'), file);
    const { settings } = await loadConfig(join(folder, 'gateway.yaml'), {});
    expect(
      settings.routes.map(({ match }) => match.replaceAll(/\{(\w+)\}/g, ':$1').replace('{path*}', '*')),
    ).toEqual(
      Object.values(before.apiEndpoints).flatMap(({ paths, methods }) =>
        paths.map((path) => `${methods.join(',')} ${path}`),
      ),
    );
    const open = before.pipelines.open.apiEndpoints.flatMap((name) => before.apiEndpoints[name]!.paths);
    expect(
      settings.routes
        .filter(({ access }) => access.kind === 'public')
        .map(({ match }) => match.split(' ')[1]),
    ).toEqual(open);
    expect(settings.upstreams[0]?.targets.map(({ origin }) => origin)).toHaveLength(2);
  });
});

interface ExpressGatewayFile {
  readonly apiEndpoints: Readonly<
    Record<string, { readonly paths: readonly string[]; readonly methods: readonly string[] }>
  >;
  readonly pipelines: { readonly open: { readonly apiEndpoints: readonly string[] } };
}

async function statusOf(
  origin: string,
  { method = 'GET', path = '/orders/7', token, body, times = 1 }: Call,
) {
  let status = 0;
  for (let sent = 0; sent < times; sent++) {
    const response = await fetch(`${origin}${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    await response.arrayBuffer();
    ({ status } = response);
  }
  return status;
}
