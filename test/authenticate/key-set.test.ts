import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createKeySet, type FetchResult, type KeySet } from '../../src/authenticate/key-set.js';
import type { Issuer } from '../../src/model/issuer.js';
import type { Log } from '../../src/model/log.js';
import { createSigningKey, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { createStage, outcome, SILENT } from './support.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MAX_AGE_MS = 10 * MINUTE_MS;
const MAX_STALE_MS = 24 * HOUR_MS;

const GOOD = 'test-issuer/app-1';
const UNKNOWN = '401 The token is signed with an unknown key';
const AWAY = "503 The issuer's keys could not be read";

const KEY = createSigningKey();

let issuer: TestIssuer;
let results: FetchResult[];
let open: KeySet[];

/** Timers and the time are ours; sockets, and what runs by setImmediate, are real. */
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  issuer = await createTestIssuer({ key: KEY });
  results = [];
  open = [];
});

afterEach(async () => {
  for (const keySet of open) keySet.close();
  vi.useRealTimers();
  await issuer.close();
});

function openKeySet(model: Issuer = issuer.model(), log: Log = SILENT): KeySet {
  const keySet = createKeySet(model, {
    now: Date.now,
    log,
    maxAgeMs: MAX_AGE_MS,
    maxStaleMs: MAX_STALE_MS,
    onFetch: (result) => results.push(result),
  });
  open.push(keySet);
  return keySet;
}

async function until(condition: () => boolean): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > 10_000) throw new Error('it never came to pass');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const read = (count: number) => until(() => results.length >= count);

/** Lets real sockets do what they have begun. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const find = async (keySet: KeySet, kid = issuer.key.kid): Promise<string> => {
  const found = await keySet.find(kid, 'RS256');
  return typeof found === 'string' ? found : 'found';
};

describe('Keys that are read', () => {
  it('are fetched at once, and a request that comes before waits for them', async () => {
    const keySet = openKeySet();
    expect(keySet.current()).toBeUndefined();
    expect(keySet.readAtMs()).toBeUndefined();
    expect(await Promise.all(Array.from({ length: 20 }, () => find(keySet)))).toEqual(
      Array(20).fill('found'),
    );
    expect(issuer.fetches).toBe(1);
    expect(keySet.readAtMs()).toBe(Date.now());
  });

  it('are read again before they are old, while requests are served', async () => {
    const keySet = openKeySet();
    await read(1);
    const ring = keySet.current();
    vi.advanceTimersByTime(MAX_AGE_MS * 0.79);
    await quiet();
    expect(issuer.fetches).toBe(1);
    issuer.hang();
    vi.advanceTimersByTime(MAX_AGE_MS * 0.01);
    await until(() => issuer.fetches === 2);
    expect(await find(keySet)).toBe('found');
    expect(keySet.current()).toBe(ring);
  });

  it('stay the same object while they are the same, and are another when one is added', async () => {
    const keySet = openKeySet();
    await read(1);
    const first = keySet.current();
    vi.advanceTimersToNextTimer();
    await read(2);
    expect(keySet.current()).toBe(first);
    issuer.rotate();
    vi.advanceTimersToNextTimer();
    await read(3);
    expect(keySet.current()).not.toBe(first);
    expect(keySet.current()?.size).toBe(2);
  });

  it('are dropped when their issuer drops them', async () => {
    const keySet = openKeySet();
    await read(1);
    const { kid } = issuer.key;
    issuer.rotate({ keepOld: false });
    vi.advanceTimersToNextTimer();
    await read(2);
    expect(await find(keySet, kid)).toBe('unknown');
  });

  it('have no timer left and no request under way when they are closed', async () => {
    const keySet = openKeySet();
    await read(1);
    keySet.close();
    expect(vi.getTimerCount()).toBe(0);
    issuer.hang();
    const late = openKeySet();
    await until(() => issuer.fetches === 2);
    late.close();
    expect(await find(late)).toBe('unavailable');
    await quiet();
    expect(vi.getTimerCount()).toBe(0);
    expect(results).toEqual(['ok']);
  });

  it('change nothing any more when they arrive after the end', async () => {
    let answerNow = (): void => undefined;
    issuer.breakWith((_request, response) => {
      answerNow = () => void response.end(JSON.stringify(issuer.jwks));
    });
    const keySet = openKeySet();
    await until(() => issuer.fetches === 1);
    answerNow();
    keySet.close();
    await quiet();
    expect(keySet.current()).toBeUndefined();
    expect(await find(keySet, 'another')).toBe('unavailable');
    expect(issuer.fetches).toBe(1);
  });
});

describe('An unknown kid', () => {
  it('has the keys fetched, so that a new key is known as soon as it is used', async () => {
    const keySet = openKeySet();
    await read(1);
    issuer.rotate();
    expect(await find(keySet)).toBe('found');
    expect(issuer.fetches).toBe(2);
  });

  it('has them fetched once in 30 seconds, however many there are, and good tokens go unhurt', async () => {
    const stage = createStage([issuer.model()]);
    open.push(...stage.keySets);
    const good = issuer.sign();
    expect(outcome(await stage.show(good))).toBe(GOOD);
    const [, payload, signature] = good.split('.') as [string, string, string];
    for (let second = 0; second < 2; second++) {
      const shown = Array.from({ length: 10_000 }, (_, n) => {
        const header = Buffer.from(`{"alg":"RS256","kid":"${second}-${n}"}`).toString('base64url');
        return stage.show(`${header}.${payload}.${signature}`);
      });
      expect(outcome(await stage.show(issuer.sign({ jti: `fresh-${second}` })))).toBe(GOOD);
      const refusals = new Set(await Promise.all(shown));
      expect([...refusals].map(outcome)).toEqual([UNKNOWN]);
      expect(outcome(await stage.show(good))).toBe(GOOD);
    }
    expect(issuer.fetches).toBe(2);
    vi.advanceTimersByTime(29_000);
    expect(await find(stage.keySets[0]!, 'one more')).toBe('unknown');
    expect(issuer.fetches).toBe(2);
    vi.advanceTimersByTime(1_000);
    expect(await find(stage.keySets[0]!, 'one more')).toBe('unknown');
    expect(issuer.fetches).toBe(3);
  });

  it('costs a broken issuer no more requests than one in 30 seconds', async () => {
    const keySet = openKeySet();
    await read(1);
    issuer.breakWith(500);
    for (let second = 0; second < 29; second++) {
      expect(await find(keySet, `kid-${second}`)).toBe('unknown');
      vi.advanceTimersByTime(1_000);
      await quiet();
    }
    expect(issuer.fetches).toBe(2);
    expect(await find(keySet)).toBe('found');
  });

  it('is not one that the set has for another algorithm, nor one that is not there', async () => {
    const keySet = openKeySet(issuer.model({ algorithms: ['RS256', 'RS512'] }));
    await read(1);
    expect(await keySet.find(issuer.key.kid, 'RS512')).toBe('unknown');
    expect(await keySet.find(undefined, 'RS512')).toBe('unknown');
    expect(issuer.fetches).toBe(1);
  });
});

describe('An issuer that is away', () => {
  it('before its keys were ever read has its tokens answered with 503, and is asked by a timer, not by requests', async () => {
    issuer.breakWith(500);
    const stage = createStage([issuer.model()], { onFetch: (result) => results.push(result) });
    open.push(...stage.keySets);
    const refusal = await stage.show(issuer.sign());
    expect(refusal).toMatchObject({ status: 503, reason: 'keys_unavailable', headers: ['Retry-After', '5'] });
    expect(
      await Promise.all(Array.from({ length: 50 }, async () => outcome(await stage.show(issuer.sign())))),
    ).toEqual(Array(50).fill(AWAY));
    expect(issuer.fetches).toBe(1);
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      const before = issuer.fetches;
      vi.advanceTimersByTime(pauseMs - 1);
      await quiet();
      expect(issuer.fetches).toBe(before);
      vi.advanceTimersByTime(1);
      await read(before + 1);
      expect(issuer.fetches).toBe(before + 1);
    }
    issuer.heal();
    vi.advanceTimersByTime(30_000);
    await until(() => results.includes('ok'));
    expect(outcome(await stage.show(issuer.sign()))).toBe(GOOD);
  });

  it('keeps nobody waiting while it is known to be away', async () => {
    issuer.breakWith(500);
    const keySet = openKeySet();
    expect(await find(keySet)).toBe('unavailable');
    issuer.hang();
    vi.advanceTimersByTime(1_000);
    await until(() => issuer.fetches === 2);
    expect(await find(keySet)).toBe('unavailable');
  });

  it('has its last good keys serve until they are too old, and new ones serve when it is back', async () => {
    const keySet = openKeySet();
    await read(1);
    issuer.breakWith(500);
    for (let hour = 0; hour < 23; hour++) {
      vi.setSystemTime(Date.now() + HOUR_MS);
      expect(await find(keySet)).toBe('found');
    }
    vi.advanceTimersToNextTimer();
    await read(2);
    expect(await find(keySet)).toBe('found');
    vi.setSystemTime(Date.now() + HOUR_MS);
    expect(keySet.current()).toBeUndefined();
    expect(await find(keySet)).toBe('unavailable');
    issuer.heal();
    vi.advanceTimersToNextTimer();
    await read(3);
    expect(results).toEqual(['ok', 'failed', 'ok']);
    expect(await find(keySet)).toBe('found');
  });

  it('is asked by a request whose keys grew too old while the machine slept, and then by the timer', async () => {
    const keySet = openKeySet();
    await read(1);
    vi.setSystemTime(Date.now() + MAX_STALE_MS + 1);
    expect(await find(keySet)).toBe('found');
    expect(issuer.fetches).toBe(2);
    issuer.breakWith(500);
    vi.setSystemTime(Date.now() + MAX_STALE_MS + 1);
    expect(await find(keySet)).toBe('unavailable');
    issuer.heal();
    vi.advanceTimersByTime(1_000);
    await read(4);
    expect(await find(keySet)).toBe('found');
  });

  it('is told of in the log in our own words, without its address', async () => {
    const lines: object[] = [];
    const log: Log = { ...SILENT, warn: (fields, message) => lines.push({ ...fields, message }) };
    openKeySet(issuer.model({ keys: { kind: 'url', url: `${issuer.iss}/nothing?key=canary` } }), log);
    await read(1);
    openKeySet(issuer.model({ keys: { kind: 'url', url: 'http://127.0.0.1:1/jwks?key=canary' } }), log);
    await read(2);
    openKeySet(issuer.model({ keys: { kind: 'url', url: 'no url at all: canary' } }), log);
    await read(3);
    openKeySet(issuer.model({ keys: { kind: 'inline', jwks: { keys: [] } } }), log);
    await read(4);
    expect(lines).toMatchObject([
      { issuer: 'test-issuer', reason: 'answered with status 404' },
      { reason: 'ECONNREFUSED' },
      { reason: 'ERR_INVALID_URL' },
      { message: 'an issuer has no usable key: its tokens are refused' },
    ]);
    expect(JSON.stringify(lines)).not.toContain('canary');
  });
});

describe('A JWKS endpoint that misbehaves', () => {
  const hugeKeys = (): string => JSON.stringify({ keys: [], filler: 'x'.repeat(256 * 1024) });

  it.each<[string, string, (jwks: object, other: string) => [number, object, string]]>([
    ['redirects', 'answered with status 302', (_jwks, other) => [302, { location: other }, '']],
    ['answers 201', 'answered with status 201', (jwks) => [201, {}, JSON.stringify(jwks)]],
    ['answers 500 with keys', 'answered with status 500', (jwks) => [500, {}, JSON.stringify(jwks)]],
    ['answers with HTML', 'is not JSON', () => [200, { 'content-type': 'text/html' }, '<html>']],
    ['answers with nothing', 'is not JSON', () => [200, {}, '']],
    ['answers null', 'is not a JWKS', () => [200, {}, 'null']],
    ['answers with a list', 'is not a JWKS', () => [200, {}, '[]']],
    ['answers without end', 'is too large', () => [200, {}, hugeKeys()]],
  ])('is not believed when it %s', async (_what, reason, answer) => {
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

  it('is given up after 5 seconds, before the headers and in the middle of the body', async () => {
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

  it('that dies in the middle of the body is a failure like another', async () => {
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

  it('finds the keys that the issuer names, whether or not its name ends in a slash', async () => {
    for (const path of ['', '/', '/tenant', '/tenant/']) {
      expect(await discover({ jwks_uri: issuer.jwksUrl }, path)).toBe('found');
    }
    const own = openKeySet(issuer.model({ keys: { kind: 'discovery', issuer: issuer.iss } }));
    expect(await find(own)).toBe('found');
  });

  it('believes no document of another issuer, and none that names no safe address', async () => {
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
  it('are read again when they are old, and serve on while the file is broken or gone', async () => {
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
  it('are read once, whatever kids come, and never grow old', async () => {
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
