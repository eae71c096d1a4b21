import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import type { Log } from '../../src/model/log.js';
import {
  find,
  issuer,
  MAX_AGE_MS,
  MAX_STALE_MS,
  open,
  openKeySet,
  quiet,
  read,
  results,
  until,
  useFakeTime,
} from './fake-time.js';
import { createStage, outcome, SILENT } from './support.js';

const HOUR_MS = 3_600_000;

const GOOD = 'test-issuer/app-1';
const UNKNOWN = '401 The token is signed with an unknown key';
const AWAY = "503 The issuer's keys could not be read";

useFakeTime();

describe('Fetched keys', () => {
  it('are fetched at once, and an early request waits for them', async () => {
    const keySet = openKeySet();
    expect(keySet.current()).toBeUndefined();
    expect(keySet.readAtMs()).toBeUndefined();
    expect(await Promise.all(Array.from({ length: 20 }, () => find(keySet)))).toEqual(
      Array(20).fill('found'),
    );
    expect(issuer.fetches).toBe(1);
    expect(keySet.readAtMs()).toBe(Date.now());
  });

  it('are fetched again before they are stale, while requests are served', async () => {
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

  it('stay the same object while they are equal, and become another when a key is added', async () => {
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

  it('are removed when their issuer removes them', async () => {
    const keySet = openKeySet();
    await read(1);
    const { kid } = issuer.key;
    issuer.rotate({ keepOld: false });
    vi.advanceTimersToNextTimer();
    await read(2);
    expect(await find(keySet, kid)).toBe('unknown');
  });

  it('leave no timer and no fetch behind when they are closed', async () => {
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

  it('are ignored when they arrive after the close', async () => {
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
  it('causes a fetch, so that a new key is known at its first use', async () => {
    const keySet = openKeySet();
    await read(1);
    issuer.rotate();
    expect(await find(keySet)).toBe('found');
    expect(issuer.fetches).toBe(2);
  });

  it('causes one fetch in 30 seconds, for any number of kids, and valid tokens are unaffected', async () => {
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

  it('lets at most a thousand requests wait for an issuer that hangs: the rest is refused at once', async () => {
    const keySet = openKeySet();
    await read(1);
    issuer.hang();
    let refused = 0;
    const all = Array.from({ length: 3_000 }, (_, n) =>
      find(keySet, `kid-${n}`).then((found) => {
        refused++;
        return found;
      }),
    );
    await until(() => issuer.fetches === 2);
    expect(refused).toBe(2_000);
    expect(await find(keySet)).toBe('found');
    vi.advanceTimersByTime(5_000);
    expect(new Set(await Promise.all(all))).toEqual(new Set(['unknown']));
    // Their slots are free again.
    issuer.heal();
    issuer.rotate();
    vi.advanceTimersByTime(30_000);
    expect(await find(keySet)).toBe('found');
  });

  it('causes at most one fetch in 30 seconds from a broken issuer', async () => {
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

  it('is neither one that the set has for another algorithm, nor a missing one', async () => {
    const keySet = openKeySet(issuer.model({ algorithms: ['RS256', 'RS512'] }));
    await read(1);
    expect(await keySet.find(issuer.key.kid, 'RS512')).toBe('unknown');
    expect(await keySet.find(undefined, 'RS512')).toBe('unknown');
    expect(issuer.fetches).toBe(1);
  });
});

describe('An unavailable issuer', () => {
  it('whose keys were never fetched has its tokens refused with 503, and is retried by a timer, not by requests', async () => {
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

  it('delays no request while it is known to be unavailable', async () => {
    issuer.breakWith(500);
    const keySet = openKeySet();
    expect(await find(keySet)).toBe('unavailable');
    issuer.hang();
    vi.advanceTimersByTime(1_000);
    await until(() => issuer.fetches === 2);
    expect(await find(keySet)).toBe('unavailable');
  });

  it('has its last good keys in use until they are too old, and new ones when it is available again', async () => {
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

  it('is retried by a request whose keys grew too old while the machine slept, and then by the timer', async () => {
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

  it('is logged with its URL, without its secrets', async () => {
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
      { issuer: 'test-issuer', reason: 'answered with status 404', url: `${issuer.iss}/nothing?…` },
      { reason: 'ECONNREFUSED', url: 'http://127.0.0.1:1/jwks?…' },
      { reason: 'ERR_INVALID_URL' },
      { message: 'an issuer has no usable key: its tokens are refused' },
    ]);
    expect(JSON.stringify(lines)).not.toContain('canary');
  });
});

describe('An outage in the log', () => {
  const REASON = 'issuer keys could not be read';
  const AGAIN = 'issuer keys can be read again';

  function recording(): { log: Log; lines: { message: string; [field: string]: unknown }[] } {
    const lines: { message: string }[] = [];
    const add = (fields: object, message: string): void => void lines.push({ ...fields, message });
    return { log: { ...SILENT, warn: add, info: add }, lines };
  }

  /** Runs the next attempts, each by its timer. */
  async function retry(times: number): Promise<void> {
    for (let n = 0; n < times; n++) {
      const before = results.length;
      vi.advanceTimersToNextTimer();
      await read(before + 1);
    }
  }

  it('is one line when it begins and one when it ends, for any number of failed attempts', async () => {
    const { log, lines } = recording();
    issuer.breakWith(500);
    openKeySet(issuer.model(), log);
    await read(1);
    await retry(5);
    expect(lines).toEqual([
      { issuer: 'test-issuer', reason: 'answered with status 500', url: issuer.jwksUrl, message: REASON },
    ]);
    issuer.heal();
    await retry(1);
    const [, loaded, again, ...more] = lines;
    expect(loaded).toMatchObject({ message: 'issuer keys loaded' });
    expect(again).toEqual({
      issuer: 'test-issuer',
      url: issuer.jwksUrl,
      unavailable_ms: 61_000,
      message: AGAIN,
    });
    expect(more).toEqual([]);
    issuer.breakWith(500);
    vi.advanceTimersByTime(MAX_AGE_MS);
    await read(8);
    expect(lines.at(-1)).toMatchObject({ message: REASON });
  });

  it('is logged again while it lasts when its reason changes, at most once a minute', async () => {
    const { log, lines } = recording();
    issuer.breakWith(500);
    openKeySet(issuer.model(), log);
    await read(1);
    for (let n = 0; n < 8; n++) {
      issuer.breakWith(n % 2 === 0 ? 404 : 500);
      await retry(1);
    }
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.length).toBeLessThanOrEqual(5);
  });

  it.each([
    ['/', '', 'lacks the slash at its end'],
    ['', '/', 'has a slash too many at its end'],
  ])('of discovery names both issuers: "%s" found, "%s" expected', async (found, expected, hint) => {
    const { log, lines } = recording();
    const metadata = createServer((_request, response) => {
      response.end(JSON.stringify({ issuer: `${base}${found}`, jwks_uri: issuer.jwksUrl }));
    });
    await new Promise<void>((resolve) => metadata.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(metadata.address() as AddressInfo).port}`;
    openKeySet(issuer.model({ keys: { kind: 'discovery', issuer: `${base}${expected}` } }), log);
    await read(1);
    expect(lines).toEqual([
      {
        issuer: 'test-issuer',
        reason: `is discovery metadata of another issuer: the "issuer" of the file ${hint}`,
        url: `${base}/.well-known/openid-configuration`,
        found: `${base}${found}`,
        expected: `${base}${expected}`,
        message: REASON,
      },
    ]);
    metadata.close();
  });
});
