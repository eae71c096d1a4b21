/** docs/explain.md: a refusal is explained as the page shows. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommand, startCommand, type RunningCommand } from '../support/command.js';
import { ADMIN_TOKEN } from '../support/gate.js';
import { bearer } from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { until } from '../support/until.js';

const SLOW_MS = 60_000;
const ENV = { TOLLGATE_ADMIN_TOKEN: ADMIN_TOKEN };
/** What differs from one request to the next, in the text and on the page. */
const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g;
const HOST = /127\.0\.0\.1:\d+/g;

let folder: string;
let issuer: TestIssuer;
let gate: RunningCommand;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-explain-page-'));
  issuer = await createTestIssuer();
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  free.close();
  await once(free, 'close');
  const config = [
    'listen: 127.0.0.1:0',
    `admin: 127.0.0.1:${port}`,
    'jwks_cache: false',
    'issuers:',
    `  main: {issuer: "${issuer.iss}", jwks: "${issuer.jwksUrl}", audience: ${AUDIENCE}}`,
    'upstreams:',
    '  orders: http://127.0.0.1:9',
    'routes:',
    '  - {match: "GET /orders/{id}", upstream: orders, scope: orders:read}',
  ];
  await writeFile(join(folder, 'gateway.yaml'), config.join('\n'));
  gate = startCommand(['start', '-c', 'gateway.yaml'], { cwd: folder, env: ENV });
  const [line] = await gate.until(/^.*gateway started.*$/m);
  url = `http://127.0.0.1:${(JSON.parse(line) as { address: AddressInfo }).address.port}`;
}, SLOW_MS);

afterAll(async () => {
  await gate.close();
  await Promise.all([issuer.close(), rm(folder, { recursive: true })]);
});

it(
  'tollgate explain --request prints what docs/explain.md shows',
  async () => {
    const page = await readFile('docs/explain.md', 'utf8');
    const [, shown = ''] = /```\n(\$ tollgate explain --request [\s\S]*?)```/.exec(page) ?? [];
    const token = issuer.sign({ sub: 'reports', scope: 'orders:write' });
    const response = await fetch(`${url}/orders/7`, { headers: bearer(token) });
    const id = response.headers.get('x-request-id')!;
    await until(() => gate.stdout().includes(id));
    const args = ['explain', '-c', 'gateway.yaml', '--request', id];
    const { stdout, code } = await runCommand(args, { cwd: folder, env: ENV });
    expect(code).toBe(1);
    const plain = (text: string): string =>
      text.replaceAll(ID, 'ID').replaceAll(TIME, 'TIME').replaceAll(HOST, 'HOST');
    expect(plain(`$ tollgate explain --request ${id}\n${stdout}`)).toBe(plain(shown));
  },
  SLOW_MS,
);
