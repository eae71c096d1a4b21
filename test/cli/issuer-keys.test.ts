/** A public key and a secret in the file of a command: `check` runs its cases, `start` follows a changed key file. */
import { createHmac, createPublicKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { base64url, createSigningKey, signTexts, type SigningKey } from '../support/tokens.js';
import { startCommand } from '../support/command.js';
import { runHere } from '../support/run-command.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { until } from '../support/until.js';

const SECRET = 'canary-Zk3pQ9rT0vXy7bNc5mLd2hJf8sWa';

let folder: string;
let upstream: EchoUpstream;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-issuer-keys-'));
  upstream = await startEchoUpstream((_req, res) => res.end('ok'));
});

afterAll(async () => {
  await upstream.close();
  await rm(folder, { recursive: true });
});

const textOf = (more = '') => `listen: 127.0.0.1:0
admin: 127.0.0.1:0
issuers:
  in-house:
    issuer: in-house
    audience: api
    secret: \${JWT_SECRET}
    algorithms: [HS256]
    token_from: [{cookie: session}]
    grants: [orders:read]
  partner: {issuer: partner, audience: api, public_key: ./partner.pem, algorithms: [EdDSA], grants: ["*"]}
upstreams:
  orders: ${upstream.origin}
routes:
  - match: GET /orders
    upstream: orders
    scope: orders:read
    limit: none
    ${more}
`;

const EXPECT = `expect:
      - {path: /orders, scopes: [orders:read], status: 200}
      - {path: /orders, scopes: [orders:write], status: 403}
      - {path: /orders, status: 401}
    issuer: NAME`;

const pemOf = ({ privateKey }: SigningKey) =>
  createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();

function claims(iss: string): string {
  const exp = Math.floor(Date.now() / 1000) + 600;
  return JSON.stringify({ iss, aud: 'api', sub: 'app', scope: 'orders:read', exp });
}

it('check runs the cases of issuers with a secret, a public key or other places of tokens, and shows no secret', async () => {
  await writeFile(join(folder, 'partner.pem'), pemOf(createSigningKey('EdDSA')));
  const file = join(folder, 'check.yaml');
  const env = { JWT_SECRET: SECRET };
  for (const name of ['in-house', 'partner']) {
    await writeFile(file, textOf(EXPECT.replace('NAME', name)));
    const { code, stdout, stderr } = await runHere(['check', '-c', file], { env });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('3 expectations held');
    const json = await runHere(['check', '-c', file, '--json'], { env });
    expect(stdout + json.stdout).not.toContain('canary');
  }
  await writeFile(file, textOf().replace('HS256', 'RS256'));
  const wrong = await runHere(['check', '-c', file], { env });
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain('"RS256" is never accepted beside "secret"');
  expect(wrong.stderr).not.toContain('canary');
}, 60_000);

it('start accepts tokens of both, and follows a public key file that changes', async () => {
  const first = createSigningKey('EdDSA');
  const next = createSigningKey('EdDSA');
  const pem = join(folder, 'partner.pem');
  await writeFile(pem, pemOf(first));
  const file = join(folder, 'start.yaml');
  await writeFile(file, textOf());
  const gate = startCommand(['start', '-c', file], { env: { JWT_SECRET: SECRET } });
  try {
    const [line] = await gate.until(/^.*gateway started.*$/m);
    const { port } = (JSON.parse(line) as { address: { port: number } }).address;
    const statusOf = async (headers: Record<string, string>) => {
      const response = await fetch(`http://127.0.0.1:${port}/orders`, { headers });
      await response.arrayBuffer();
      return response.status;
    };
    const signed = (key: SigningKey) => ({
      authorization: `Bearer ${signTexts(JSON.stringify({ alg: 'EdDSA' }), claims('partner'), key)}`,
    });
    const input = `${base64url('{"alg":"HS256"}')}.${base64url(claims('in-house'))}`;
    const own = `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`;
    expect(await statusOf({ cookie: `session=${own}` })).toBe(200);
    expect(await statusOf({ authorization: `Bearer ${own}` })).toBe(401);
    expect(await statusOf(signed(first))).toBe(200);
    expect(await statusOf(signed(next))).toBe(401);
    await writeFile(pem, pemOf(next));
    await until(async () => (await statusOf(signed(first))) === 401);
    expect(await statusOf(signed(next))).toBe(200);
    // No key can be read from it, so the gateway stays as it is.
    await writeFile(pem, 'no key');
    await gate.until(/reload failed.*/);
    expect(await statusOf(signed(next))).toBe(200);
    expect(gate.stdout() + gate.stderr()).not.toContain('canary');
  } finally {
    await gate.close();
  }
}, 60_000);
