/** `tollgate start` as run by an operator: what it logs, what it never logs, and how it fails. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand, startCommand, type RunningCommand } from '../support/command.js';
import { freePort } from '../support/redis.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly address?: AddressInfo;
  readonly admin?: AddressInfo;
  readonly [field: string]: unknown;
}

let folder: string;
let issuer: TestIssuer;
let upstream: EchoUpstream;
const running: RunningCommand[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-start-'));
  issuer = await createTestIssuer();
  upstream = await startEchoUpstream();
});

afterAll(async () => {
  await Promise.all(running.map((command) => command.close()));
  await Promise.all([issuer.close(), upstream.close(), rm(folder, { recursive: true })]);
});

/** A JSON file is also a YAML file. */
async function write(more: object = {}): Promise<string> {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.yaml`);
  const config = {
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    upstreams: { echo: upstream.origin },
    drain_timeout: '500ms',
    routes: [{ match: 'GET /users/{id}', upstream: 'echo', scope: 'users:read', limit: '2 per 1m' }],
    ...more,
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

async function start(
  more?: object,
  env: Record<string, string> = {},
): Promise<RunningCommand & { url: string }> {
  const command = startCommand(['start', '-c', await write(more)], { env });
  running.push(command);
  const [line] = await command.until(/^.*gateway started.*$/m);
  const { address } = JSON.parse(line) as Line;
  return { ...command, url: `http://127.0.0.1:${address?.port}` };
}

function linesOf(text: string): Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

describe('the log of a running gateway', () => {
  it('has one line for each exchange with the fields of every step, and neither token, query nor target', async () => {
    const gate = await start();
    const token = issuer.sign({ scope: 'users:read', sub: 'app-7' });
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    const get = (path: string, headers: Record<string, string> = {}) => fetch(gate.url + path, { headers });
    await get('/users/secret-name?key=secret-query', { authorization: `Bearer ${token}` });
    await get('/users/secret-name?key=secret-query', { authorization: `Bearer ${forged}` });
    await get('/nowhere/secret-path?key=secret-query', { 'x-request-id': 'id-of-a-stranger' });
    await get('/users/1');
    gate.signal('SIGTERM');
    expect(await gate.ended).toEqual({ code: 0, signal: null });

    const lines = linesOf(gate.stdout());
    const [passed, refused, unknown, nobody, ...more] = lines.filter(({ msg }) => msg === 'request');
    expect(more).toEqual([]);
    expect(passed).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      request_id: expect.stringMatching(/^[\w-]{8,}$/) as string,
      client_ip: '127.0.0.1',
      method: 'GET',
      route: 'GET /users/{id}',
      issuer: 'main',
      app: 'app-7',
      status: 200,
      target: upstream.origin,
      duration_ms: expect.any(Number) as number,
      upstream_ms: expect.any(Number) as number,
      msg: 'request',
    });
    expect(refused).toMatchObject({ status: 401, reason: 'invalid_token', route: 'GET /users/{id}' });
    expect(refused).not.toHaveProperty('app');
    expect(unknown).toMatchObject({ status: 404, route: 'none', client_request_id: 'id-of-a-stranger' });
    expect(nobody).toMatchObject({ status: 401, reason: 'no_token' });

    const all = gate.stdout() + gate.stderr();
    for (const secret of ['secret', token.slice(0, 60), token.slice(-40), 'Bearer']) {
      expect(all).not.toContain(secret);
    }
  });

  it('names each insecure setting at every start, with its line', async () => {
    const insecure = { targets: ['https://127.0.0.1:9'], tls: { insecure: true } };
    const gate = await start({ upstreams: { echo: upstream.origin, insecure } });
    const [line] = await gate.until(/^.*an insecure setting is in force.*$/m);
    expect(JSON.parse(line)).toMatchObject({
      level: 'warn',
      key: 'upstreams.insecure.tls.insecure',
      line: 1,
      file: expect.stringMatching(/\.yaml$/) as string,
      problem: 'the certificates of the targets are not verified',
    });
    const careful = await start();
    careful.signal('SIGTERM');
    await careful.ended;
    expect(careful.stdout()).not.toContain('insecure');
  });

  it('contains no password of the file or the environment, even when Redis is unavailable', async () => {
    const gate = await start(
      { redis: { url: 'redis://gate:${REDIS_PASSWORD}@127.0.0.1:9/0', timeout: '50ms' } },
      { REDIS_PASSWORD: 'hunter2-of-redis' },
    );
    const token = issuer.sign({ scope: 'users:read' });
    expect(
      (await fetch(`${gate.url}/users/1`, { headers: { authorization: `Bearer ${token}` } })).status,
    ).toBe(503);
    await gate.until(/Redis is unavailable/);
    gate.signal('SIGTERM');
    expect((await gate.ended).code).toBe(0);
    expect(gate.stdout() + gate.stderr()).not.toContain('hunter2');
  });

  it('goes to a configured file, in a folder that is created', async () => {
    const file = join(folder, 'logs', 'gate.log');
    const command = startCommand(['start', '-c', await write({ log: { file } })]);
    running.push(command);
    while (!(await readFile(file, 'utf8').catch(() => '')).includes('gateway started')) await sleep(20);
    command.signal('SIGTERM');
    expect(await command.ended).toEqual({ code: 0, signal: null });
    expect(command.stdout()).toBe('');
    expect(linesOf(await readFile(file, 'utf8')).map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(['gateway started', 'draining', 'gateway stopped']),
    );
  });

  it('on a full disk loses lines, but neither stops the gateway nor keeps it from exiting', async () => {
    const port = await freePort();
    const command = startCommand([
      'start',
      '-c',
      await write({ listen: `127.0.0.1:${port}`, log: { file: '/dev/full' } }),
    ]);
    running.push(command);
    let status = 0;
    while (status !== 401) {
      status = await fetch(`http://127.0.0.1:${port}/users/1`).then(
        (response) => response.status,
        () => 0,
      );
      await sleep(20);
    }
    await sleep(700);
    expect((await fetch(`http://127.0.0.1:${port}/users/1`)).status).toBe(401);
    command.signal('SIGTERM');
    expect(await Promise.race([command.ended, sleep(4000)])).toEqual({ code: 0, signal: null });
    expect(command.stderr()).toMatch(/^tollgate: the log cannot be written: .*ENOSPC/);
  });
});

describe('a gateway that cannot start', () => {
  it.each(['listen', 'admin'])(
    'because the port of %s is taken reports it in one line, with exit code 1',
    async (which) => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo;
      const { code, stdout, stderr } = await runCommand([
        'start',
        '-c',
        await write({ [which]: `127.0.0.1:${port}` }),
      ]);
      other.close();
      expect(code).toBe(1);
      expect(stderr).toMatch(
        new RegExp(`^tollgate: 127\\.0\\.0\\.1:${port} is in use by another process[^\\n]*\\n$`),
      );
      expect(stdout).not.toContain('gateway started');
    },
  );

  it('because an address is not of this machine reports it in one line', async () => {
    const { code, stderr } = await runCommand(['start', '-c', await write({ listen: '192.0.2.1:8080' })]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^tollgate: 192\.0\.2\.1:8080 is not an address of this machine[^\n]*\n$/);
  });

  it('because its log cannot be opened reports it in one line', async () => {
    const file = join(await write(), 'gate.log');
    const { code, stderr } = await runCommand(['start', '-c', await write({ log: { file } })]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^tollgate: \/[^\n]* cannot be opened \(E\w+\)\n$/);
  });

  it('frees the port of the other listener', async () => {
    const port = await freePort();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = (other.address() as AddressInfo).port;
    const begun = performance.now();
    const { code } = await runCommand([
      'start',
      '-c',
      await write({ admin: `127.0.0.1:${port}`, listen: `127.0.0.1:${taken}` }),
    ]);
    other.close();
    expect(code).toBe(1);
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});

describe('a second signal', () => {
  it('ends a gateway that is still draining at once', async () => {
    const hanging = await startEchoUpstream(() => undefined);
    const gate = await start({
      drain_timeout: '1h',
      upstreams: { echo: hanging.origin },
      routes: [{ match: 'GET /users/{id}', upstream: 'echo', public: true, limit: 'none' }],
    });
    const response = fetch(`${gate.url}/users/1`).catch(() => 'cut');
    while (hanging.count() === 0) await sleep(5);
    gate.signal('SIGTERM');
    await gate.until(/draining/);
    gate.signal('SIGTERM');
    expect(await gate.ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(await response).toBe('cut');
    await hanging.close();
  });
});
