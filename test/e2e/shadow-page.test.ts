/** docs/shadow.md: its file with two workers prints what the page shows. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runCommand } from '../support/command.js';
import { randomPrefix, redisUrl, removeKeys } from '../support/redis.js';
import { createTestIssuer, type Claims, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { startWorkersGate, type WorkersGate } from '../support/workers-gate.js';

const PATH = '/notarizations/stamps';
const prefix = randomPrefix();

let page: string;
let folder: string;
let issuer: TestIssuer;
let upstream: EchoUpstream;
let gate: WorkersGate;

beforeAll(async () => {
  page = await readFile('docs/shadow.md', 'utf8');
  folder = await mkdtemp(join(tmpdir(), 'tollgate-shadow-'));
  [issuer, upstream] = await Promise.all([createTestIssuer(), startEchoUpstream()]);
  const config = {
    ...(parse(block('yaml', '')) as object),
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: 'notarizations' } },
    upstreams: { notarizations: upstream.origin },
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    workers: 2,
    redis: { url: redisUrl(), key_prefix: prefix, timeout: '5s' },
  };
  gate = await startWorkersGate({ file: join(folder, 'gateway.yaml'), cwd: folder, config });
});
afterAll(async () => {
  await gate.command.close();
  await Promise.all([issuer.close(), upstream.close(), removeKeys(prefix), rm(folder, { recursive: true })]);
});

/** The first block of the page after a line that begins with some text. */
function block(kind: string, after: string): string {
  const [, text = ''] =
    new RegExp(`\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``).exec(page.slice(page.indexOf(`\n${after}`))) ?? [];
  return text;
}

/** Sends a request over a connection of its own, so that both workers get some. */
async function statusOf(claims: Claims): Promise<number> {
  const token = issuer.sign({ aud: 'notarizations', scope: 'notarizations:read', org_id: 'acme', ...claims });
  const headers = { authorization: `Bearer ${token}`, connection: 'close' };
  const { status } = await fetch(`http://127.0.0.1:${gate.port}${PATH}`, { headers });
  return status;
}

it('the access log and the metric of all workers are those of the page', async () => {
  const sent: Claims[] = [
    ...Array.from({ length: 12 }, () => ({})),
    ...Array.from({ length: 3 }, () => ({ scope: 'other' })),
    { org_id: 'other' },
  ];
  for (const claims of sent) expect(await statusOf(claims)).toBe(200);

  const lines = await gate.untilLines('request', sent.length);
  const shown = block('json', '## What is recorded')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const line of shown) {
    const found = lines.find(({ shadow }) => shadow === line['shadow'])!;
    expect(Object.keys(found).filter((field) => field !== 'worker')).toEqual(Object.keys(line));
    for (const field of [
      'level',
      'client_ip',
      'method',
      'route',
      'issuer',
      'app',
      'status',
      'shadow_detail',
      'msg',
    ])
      expect(found[field]).toBe(line[field]);
  }
  expect(new Set(lines.map(({ shadow }) => shadow))).toEqual(
    new Set([undefined, ...shown.map((line) => line['shadow'])]),
  );

  const metrics = await (await fetch(`${gate.adminUrl}/metrics`)).text();
  const counts = metrics.split('\n').filter((line) => line.startsWith('tollgate_shadow_refusals_total'));
  expect(counts.toSorted()).toEqual(block('', 'The metric counts').trim().split('\n').toSorted());
});

it('tollgate routes marks the rules in shadow as the page shows', async () => {
  const file = join(folder, 'page.yaml');
  await writeFile(file, block('yaml', ''));
  const { stdout } = await runCommand(['routes', '-c', file]);
  expect(`$ tollgate routes\n${stdout}`).toBe(block('', 'Rules without'));
  const json = JSON.parse((await runCommand(['routes', '-c', file, '--json'])).stdout) as object[];
  expect(json).toMatchObject([
    {
      scope: { all: [] },
      limits: [{ requests: 100 }],
      shadow: {
        scope: { all: ['notarizations:read'] },
        require: [{ claim: 'org_id', is: ['acme'] }],
        limits: [{ requests: 10, window_ms: 120_000 }],
      },
    },
  ]);
});
