import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import {
  find,
  issuer,
  MAX_STALE_MS,
  openKeySet,
  quiet,
  read,
  results,
  until,
  useFakeTime,
} from './fake-time.js';
import { SILENT } from './support.js';

useFakeTime();

describe('A JWKS endpoint that fails', () => {
  const hugeKeys = (): string => JSON.stringify({ keys: [], filler: 'x'.repeat(1024 * 1024) });

  it.each<[string, string, (jwks: object, other: string) => [number, object, string]]>([
    ['redirects', 'answered with status 302', (_jwks, other) => [302, { location: other }, '']],
    ['answers 201', 'answered with status 201', (jwks) => [201, {}, JSON.stringify(jwks)]],
    ['answers 500 with keys', 'answered with status 500', (jwks) => [500, {}, JSON.stringify(jwks)]],
    ['answers with HTML', 'is not JSON', () => [200, { 'content-type': 'text/html' }, '<html>']],
    ['answers with nothing', 'is not JSON', () => [200, {}, '']],
    ['answers null', 'is not a JWKS', () => [200, {}, 'null']],
    ['answers with a list', 'is not a JWKS', () => [200, {}, '[]']],
    ['answers without end', 'is too large', () => [200, {}, hugeKeys()]],
  ])('is rejected when it %s', async (_what, reason, answer) => {
    const lines: unknown[] = [];
    let redirected = 0;
    const elsewhere = createServer((_request, response) => {
      redirected++;
      response.end(JSON.stringify(issuer.jwks));
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/jwks`;
    issuer.breakWith((_request, response) => {
      const [status, headers, body] = answer(issuer.jwks, url);
      response.writeHead(status, { ...headers }).end(body);
    });
    const keySet = openKeySet(issuer.model(), { ...SILENT, warn: (fields) => lines.push(fields) });
    expect(await find(keySet)).toBe('unavailable');
    expect(lines).toMatchObject([{ reason }]);
    expect(redirected).toBe(0);
    elsewhere.close();
  });

  it('times out after 5 seconds, before the headers and in the middle of the body', async () => {
    const stalls = [
      () => issuer.hang(),
      () => issuer.breakWith((_request, response) => void response.writeHead(200).write('{"keys":[')),
    ];
    for (const [index, stall] of stalls.entries()) {
      stall();
      const keySet = openKeySet();
      const waiting = find(keySet);
      await until(() => issuer.fetches === index + 1);
      await quiet();
      vi.advanceTimersByTime(4_999);
      await quiet();
      expect(results).toHaveLength(index);
      vi.advanceTimersByTime(1);
      expect(await waiting).toBe('unavailable');
      expect(results).toHaveLength(index + 1);
      keySet.close();
    }
  });

  it('in the middle of the body is a failure like another', async () => {
    issuer.breakWith((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"keys":[', () => response.destroy());
    });
    expect(await find(openKeySet())).toBe('unavailable');
  });
});

describe('Discovery', () => {
  async function discover(metadata: object | undefined, path = ''): Promise<string> {
    const server = createServer((request, response) => {
      if (request.url === `${path.replace(/\/$/, '')}/.well-known/openid-configuration`) {
        response.end(JSON.stringify(metadata === undefined ? null : { issuer: base + path, ...metadata }));
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const keySet = openKeySet(issuer.model({ keys: { kind: 'discovery', issuer: base + path } }));
    const found = await find(keySet);
    server.close();
    return found;
  }

  it('finds the keys that the issuer names, with or without a trailing slash in its name', async () => {
    for (const path of ['', '/', '/tenant', '/tenant/']) {
      expect(await discover({ jwks_uri: issuer.jwksUrl }, path)).toBe('found');
    }
    const own = openKeySet(issuer.model({ keys: { kind: 'discovery', issuer: issuer.iss } }));
    expect(await find(own)).toBe('found');
  });

  it('accepts no document of another issuer, and none that names an unsafe address', async () => {
    expect(await discover({ jwks_uri: issuer.jwksUrl, issuer: 'https://elsewhere.test' })).toBe(
      'unavailable',
    );
    expect(await discover({ jwks_uri: issuer.jwksUrl, issuer: undefined })).toBe('unavailable');
    expect(await discover(undefined)).toBe('unavailable');
    for (const uri of [
      undefined,
      5,
      '',
      'jwks',
      'http://10.0.0.1/jwks',
      'file:///etc/passwd',
      'http://127.0.0.1.evil.test/',
    ]) {
      expect(await discover({ jwks_uri: uri })).toBe('unavailable');
    }
    expect(issuer.fetches).toBe(0);
  });
});

describe('Keys in a file', () => {
  it('are read again when they are stale, and stay in use while the file is broken or missing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tollgate-jwks-'));
    const path = join(folder, 'jwks.json');
    await writeFile(path, JSON.stringify(issuer.jwks));
    const keySet = openKeySet(issuer.model({ keys: { kind: 'file', path } }));
    expect(await find(keySet)).toBe('found');

    await writeFile(path, '{');
    vi.advanceTimersToNextTimer();
    await read(2);
    await rm(path);
    vi.advanceTimersByTime(1_000);
    await read(3);
    expect(await find(keySet)).toBe('found');

    issuer.rotate();
    await writeFile(path, JSON.stringify(issuer.jwks));
    vi.advanceTimersByTime(2_000);
    await read(4);
    expect(await find(keySet)).toBe('found');
    expect(results).toEqual(['ok', 'failed', 'failed', 'ok']);
    await rm(folder, { recursive: true });
  });
});

describe('Keys in the configuration', () => {
  it('are read once, for any kids, and never become stale', async () => {
    const keySet = openKeySet(issuer.model({ keys: { kind: 'inline', jwks: issuer.jwks } }));
    await read(1);
    expect(vi.getTimerCount()).toBe(0);
    vi.setSystemTime(Date.now() + 10 * MAX_STALE_MS);
    expect(await find(keySet, 'unknown')).toBe('unknown');
    expect(await find(keySet)).toBe('found');
    expect(results).toEqual(['ok']);
  });

  it('are not read again when they are broken', async () => {
    const keySet = openKeySet(issuer.model({ keys: { kind: 'inline', jwks: 'nothing' } }));
    expect(await find(keySet)).toBe('unavailable');
    expect(vi.getTimerCount()).toBe(0);
  });
});
