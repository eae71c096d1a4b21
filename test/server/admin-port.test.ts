/**
 * The admin port against its own callers: slow bodies, guessed credentials, and foreign host names that
 * resolve to it.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseResponses, talk } from '../support/dialogue.js';
import { ADMIN_TOKEN, startGate, type Config, type TestGate } from '../support/gate.js';
import { openRaw } from '../support/raw.js';
import { createDatabaseFile, tokensIn, type DatabaseFile } from '../support/token-gate.js';
import { request } from '../support/wire-fixture.js';

const LOG_BATCH_MS = 600;

let folder: string;
let file: DatabaseFile;
let config: Config;
let gate: TestGate;
let port: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-admin-'));
  file = await createDatabaseFile();
  config = {
    admin: { listen: '127.0.0.1:0', hosts: ['Gate.internal', 'my_gate'] },
    log: { level: 'warn', file: join(folder, 'gate.log') },
    client: { header_timeout: '1s', body_timeout: '500ms' },
    tokens: tokensIn(file.database),
    upstreams: { behind: 'http://127.0.0.1:9' },
    routes: [{ match: 'GET /orders', upstream: 'behind', public: true }],
  };
  gate = await startGate(config);
  port = Number(new URL(gate.adminUrl).port);
});
afterAll(async () => {
  await gate.stop();
  await Promise.all([file.remove(), rm(folder, { recursive: true })]);
});

const RIGHT = `Authorization: Bearer ${ADMIN_TOKEN}`;
const JSON_TYPE = 'Content-Type: application/json';

/** @returns the time until the port ended the connection, and the statuses until then */
async function untilEnded(bytes: string): Promise<{ ms: number; statuses: number[] }> {
  const begun = performance.now();
  const client = openRaw(port, bytes);
  await client.ended;
  return {
    ms: performance.now() - begun,
    statuses: parseResponses(client.text()).map(({ status }) => status),
  };
}

describe('An incomplete request', () => {
  it.each([
    ['its body', request('POST /api/apps', [RIGHT, JSON_TYPE, 'Content-Length: 50'], '{'), [408]],
    ['a chunk', request('POST /api/apps', [RIGHT, JSON_TYPE, 'Transfer-Encoding: chunked'], '5\r\n{'), [408]],
    ['its head', 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n', [408]],
    [
      'the body that nobody reads',
      request('GET /healthz', ['Host: 127.0.0.1', 'Content-Length: 5'], 'a'),
      [],
    ],
  ])('times out and frees its connection: %s', async (_, bytes, statuses) => {
    const sent = bytes.replace(
      'Host: gate.test\r\n',
      bytes.includes('Host: 127') ? '' : 'Host: 127.0.0.1\r\n',
    );
    const ended = await untilEnded(sent);
    expect(ended.ms).toBeLessThan(4000);
    expect(ended.statuses.filter((status) => status !== 200)).toEqual(statuses);
  });

  it('is served if the rest comes in time', async () => {
    const body = JSON.stringify({ name: 'Slow', scopes: ['a:read'] });
    const head = request('POST /api/apps', [RIGHT, JSON_TYPE, `Content-Length: ${body.length}`]);
    const client = openRaw(port, head.replace('gate.test', '127.0.0.1'));
    await sleep(100);
    client.send(body);
    await client.until('HTTP/1.1 201');
    client.destroy();
  });
});

describe('The Host field', () => {
  const statusOf = async (...hosts: string[]): Promise<number | undefined> => {
    const fields = hosts.map((host) => `Host: ${host}\r\n`).join('');
    const { responses } = await talk(port, `GET /metrics HTTP/1.1\r\n${fields}Connection: close\r\n\r\n`);
    return responses[0]?.status;
  };

  it.each([
    '127.0.0.1',
    `127.0.0.1:8081`,
    '10.1.2.3:8081',
    '[::1]',
    '[::1]:8081',
    'localhost',
    'LOCALHOST:8081',
    'localhost.',
    'gate.internal',
    'GATE.internal:8081',
    'my_gate:8081',
  ])('may be %s', async (host) => {
    expect(await statusOf(host)).toBe(200);
  });

  it.each([
    'attacker.example',
    'attacker.example:8081',
    'localhost.attacker.example',
    '127.0.0.1.attacker.example',
    '127.0.0.1@attacker.example',
    'gate.internal.attacker.example',
    'xgate.internal',
    '[attacker.example]',
    '[::1].attacker.example',
    '127.1',
    '',
  ])('may not be "%s": 421', async (host) => {
    expect(await statusOf(host)).toBe(421);
  });

  it('must be present once', async () => {
    expect(await statusOf()).toBe(400);
    expect(await statusOf('127.0.0.1', '127.0.0.1')).toBe(400);
    const old = await talk(port, 'GET /healthz HTTP/1.0\r\n\r\n');
    expect(old.responses[0]?.status).toBe(200);
  });

  it('is checked at every path, with the credential too', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/api/apps', '/nothing'])
      expect((await talk(port, request(`GET ${path}`, [RIGHT]))).responses[0]?.status).toBe(421);
  });

  it('may have other names after a reload', async () => {
    await gate.reload({ ...config, admin: { listen: '127.0.0.1:0', hosts: ['other'] } });
    expect([await statusOf('other'), await statusOf('gate.internal')]).toEqual([200, 421]);
    await gate.reload(config);
    expect([await statusOf('other'), await statusOf('gate.internal')]).toEqual([421, 200]);
  });
});

describe('Wrong credentials', () => {
  it('are logged in few lines and slowed down, and never delay the correct one', async () => {
    const ask = (authorization: string): Promise<number> =>
      fetch(`${gate.adminUrl}/api/apps`, { headers: { authorization } }).then(({ status }) => status);
    // A few get a response at once.
    const begun = performance.now();
    for (let count = 0; count < 10; count++) expect(await ask(`Bearer wrong-${count}`)).toBe(401);
    expect(performance.now() - begun).toBeLessThan(2000);

    for (let count = 0; count < 20; count++) await ask('Bearer wrong');
    const late = performance.now();
    await Promise.all(Array.from({ length: 10 }, () => ask('Bearer wrong')));
    // Ten more, at the eleventh step of 5 ms and beyond.
    expect(performance.now() - late).toBeGreaterThan(10 * 50);
    expect(await ask(`Bearer ${ADMIN_TOKEN}`)).toBe(200);

    const statuses = await Promise.all(Array.from({ length: 60 }, () => ask('Bearer wrong')));
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(statuses.filter((status) => status === 401).length).toBeLessThan(50);
    expect(await ask(`Bearer ${ADMIN_TOKEN}`)).toBe(200);

    await sleep(LOG_BATCH_MS);
    const lines = (await readFile(join(folder, 'gate.log'), 'utf8')).split('\n');
    const told = lines.filter((line) => line.includes('wrong administrator credentials'));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('"addresses":["127.0.0.1"]');
    expect(lines.join('\n')).not.toContain('wrong-1');
  });
});
