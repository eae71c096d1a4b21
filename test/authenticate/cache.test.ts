import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeySet } from '../../src/authenticate/key-set.js';
import { createJwkSet } from '../../src/authenticate/jwk-set.js';
import { createTokenCache, type VerifiedToken } from '../../src/authenticate/token-cache.js';
import { ANONYMOUS } from '../../src/model/principal.js';
import { createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { createStage, headOf, outcome, SCOPED, type Stage } from './support.js';

let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await createTestIssuer();
});

afterAll(() => issuer.close());

describe('A token that was verified', () => {
  it('is accepted synchronously, with the same Principal, from the second time on', async () => {
    const stage = createStage([issuer.model()]);
    const head = headOf(`Bearer ${issuer.sign()}`);
    const first = stage.authenticate(head, SCOPED);
    expect(first).toBeInstanceOf(Promise);
    const second = stage.authenticate(head, SCOPED);
    expect(second).toBeInstanceOf(Promise);
    const principal = await first;
    expect(await second).toBe(principal);
    expect(stage.authenticate(head, SCOPED)).toBe(principal);
    stage.close();
  });

  it('costs less than a tenth of a verification', async () => {
    const forgetful = createStage([issuer.model()], { cacheSize: 0 });
    const stage = createStage([issuer.model()]);
    const head = headOf(`Bearer ${issuer.sign()}`);
    await Promise.all([stage.authenticate(head, SCOPED), forgetful.authenticate(head, SCOPED)]);
    const cost = async (times: number, { authenticate }: Stage): Promise<number> => {
      const start = process.cpuUsage();
      for (let n = 0; n < times; n++) {
        const found = authenticate(head, SCOPED);
        if (found instanceof Promise) await found;
      }
      const { user, system } = process.cpuUsage(start);
      return (user + system) / times;
    };
    const verifiedUs = await cost(300, forgetful);
    const rememberedUs = await cost(10_000, stage);
    expect(rememberedUs).toBeLessThan(verifiedUs / 10);
    stage.close();
    forgetful.close();
  });

  it('is verified once for concurrent first requests', async () => {
    const stage = createStage([issuer.model()]);
    const token = issuer.sign({ jti: 'burst' });
    const found = await Promise.all(Array.from({ length: 50 }, () => stage.show(token)));
    expect(new Set(found).size).toBe(1);
    stage.close();
  });

  it('is verified again when the keys of its issuer change, and refused when its own key is gone', async () => {
    const rotating = await createTestIssuer();
    const stage = createStage([rotating.model()]);
    const old = rotating.sign();
    const principal = await stage.show(old);
    rotating.rotate();
    expect(outcome(await stage.show(rotating.sign()))).toBe('test-issuer/app-1');
    const again = stage.authenticate(headOf(`Bearer ${old}`), SCOPED);
    expect(again).toBeInstanceOf(Promise);
    expect(await again).toEqual(principal);

    rotating.rotate({ keepOld: false });
    stage.clock.fixedMs = Date.now() + 31_000;
    expect(outcome(await stage.show(rotating.sign()))).toBe('test-issuer/app-1');
    expect(outcome(await stage.show(old))).toBe('401 The token is signed with an unknown key');
    stage.close();
    await rotating.close();
  });

  it('is verified each time if caching is off', async () => {
    const stage = createStage([issuer.model()], { cacheSize: 0 });
    const head = headOf(`Bearer ${issuer.sign()}`);
    await stage.authenticate(head, SCOPED);
    expect(stage.authenticate(head, SCOPED)).toBeInstanceOf(Promise);
    stage.close();
  });
});

describe('A token that was refused', () => {
  it('is never cached, and evicts no cached token', async () => {
    const stage = createStage([issuer.model()], { cacheSize: 1 });
    /** Whether each token was found in the cache: only then is there no promise. */
    const hits: boolean[] = [];
    const show = async (token: string): Promise<void> => {
      const found = stage.authenticate(headOf(`Bearer ${token}`), SCOPED);
      hits.push(!(found instanceof Promise));
      await found;
    };
    const good = issuer.sign();
    await show(good);
    for (let n = 0; n < 20; n++) {
      const junk = issuer.sign({ exp: n });
      await show(junk);
      await show(junk);
    }
    await show(good);
    expect(hits.filter(Boolean)).toHaveLength(1);
    expect(hits.at(-1)).toBe(true);
    stage.close();
  });
});

describe('The token cache', () => {
  async function createVerified(principal = ANONYMOUS): Promise<VerifiedToken> {
    const jwkSet = await createJwkSet([]);
    const keys = { current: () => jwkSet } as KeySet;
    return { principal, confirmation: undefined, jwkSet, keys, startsAtMs: 0, endsAtMs: Infinity };
  }

  it('distinguishes tokens with equal ends', async () => {
    const verified = await createVerified();
    const cache = createTokenCache(10);
    const end = 'e'.repeat(100);
    cache.set(`Bearer a${end}`, verified);
    expect(cache.get(`Bearer b${end}`)).toBeUndefined();
    expect(cache.get(`bearer a${end}`)).toBeUndefined();
    expect(cache.get(`Bearer a${end}`)).toBe(verified);
  });

  it('has one entry for a token, for every spelling of the scheme', async () => {
    const verified = await createVerified();
    const cache = createTokenCache(10);
    const others = Array.from({ length: 9 }, (_, n) => `Bearer ${String(n).repeat(100)}`);
    for (const other of others) cache.set(other, verified);
    for (let spaces = 1; spaces < 50; spaces++) {
      cache.set(`Bearer${' '.repeat(spaces)}${'t'.repeat(100)}`, verified);
    }
    expect(others.every((other) => cache.get(other) === verified)).toBe(true);
  });

  it('is bounded by count', async () => {
    const verified = await createVerified();
    const cache = createTokenCache(3);
    for (const token of ['a', 'b', 'c', 'd']) cache.set(token, verified);
    expect(['a', 'b', 'c', 'd'].map((token) => cache.get(token) !== undefined)).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  it('is bounded by bytes, so that the largest tokens cannot fill it', async () => {
    const verified = await createVerified();
    const cache = createTokenCache(1000);
    const tokens = Array.from({ length: 1000 }, (_, n) => String(n).padStart(16_384, 'x'));
    for (const token of tokens) cache.set(token, verified);
    const kept = tokens.filter((token) => cache.get(token));
    expect(kept.length).toBeGreaterThan(50);
    expect(kept.length * (16_384 * 2)).toBeLessThanOrEqual(1000 * 2048);
  });

  it('counts each scope of a token, so that thousands of short scopes cannot fill it either', async () => {
    const scopes = Array.from({ length: 4_000 }, (_, n) => n.toString(36));
    const verified = await createVerified({ ...ANONYMOUS, scopes });
    const cache = createTokenCache(1000);
    const tokens = Array.from({ length: 100 }, (_, n) => String(n).padStart(16_384, 'x'));
    for (const token of tokens) cache.set(token, verified);
    expect(tokens.filter((token) => cache.get(token)).length).toBeLessThan(15);
  });
});
