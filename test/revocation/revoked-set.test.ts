import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANONYMOUS, type Principal } from '../../src/model/principal.js';
import type { Revocation } from '../../src/model/revocation.js';
import { RevokedSet } from '../../src/revocation/revoked-set.js';
import { caller, revocation } from './support.js';

function refuses(revocations: readonly Revocation[], principal: Principal): boolean {
  return new RevokedSet(revocations).has(principal);
}

describe('a set of revocations', () => {
  it('refuses an app of that issuer, and not equal ids of other issuers', () => {
    expect(refuses([revocation()], caller())).toBe(true);
    expect(refuses([revocation()], caller({ issuer: 'partner' }))).toBe(false);
    expect(refuses([revocation()], caller({ app: 'app-2' }))).toBe(false);
  });

  it('refuses an app at every issuer if none is named', () => {
    const everywhere = [revocation({ issuer: undefined })];
    expect(refuses(everywhere, caller())).toBe(true);
    expect(refuses(everywhere, caller({ issuer: 'partner' }))).toBe(true);
  });

  it('refuses one token by its id, not the app, and not the same id of another issuer', () => {
    const token = [revocation({ kind: 'token', id: 'jti-1' })];
    expect(refuses(token, caller({ tokenId: 'jti-1' }))).toBe(true);
    expect(refuses(token, caller({ tokenId: 'jti-2' }))).toBe(false);
    expect(refuses(token, caller())).toBe(false);
    expect(refuses(token, caller({ issuer: 'partner', tokenId: 'jti-1' }))).toBe(false);
  });

  it('never treats an app as a token of the same id', () => {
    expect(refuses([revocation({ kind: 'token', id: 'app-1' })], caller())).toBe(false);
    expect(refuses([revocation({ id: 'jti-1' })], caller({ tokenId: 'jti-1' }))).toBe(false);
  });

  it('refuses earlier tokens of a deleted user, including those without an issue time', () => {
    const deleted = [revocation({ issuedBeforeMs: 5000, cause: 'deleted' })];
    expect(refuses(deleted, caller({ issuedAtMs: 4999 }))).toBe(true);
    expect(refuses(deleted, caller({ issuedAtMs: -Infinity }))).toBe(true);
    expect(refuses(deleted, caller({ issuedAtMs: 5000 }))).toBe(false);
  });

  it('applies the wider of a revocation and a deletion of the same id, in any order', () => {
    const narrow = revocation({ issuedBeforeMs: 5, cause: 'deleted' });
    for (const both of [
      [narrow, revocation()],
      [revocation(), narrow],
    ])
      expect(refuses(both, caller({ issuedAtMs: 9000 }))).toBe(true);
  });

  it('never refuses the anonymous caller', () => {
    expect(refuses([revocation(), revocation({ issuer: undefined })], ANONYMOUS)).toBe(false);
  });

  it('decides like a linear search', () => {
    const name = fc.constantFrom('a', 'b', '__proto__');
    const moment = fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined });
    const revocations = fc.uniqueArray(
      fc.record({
        kind: fc.constantFrom('app' as const, 'token' as const, 'family' as const),
        issuer: fc.option(name, { nil: undefined }),
        id: name,
        cause: fc.constantFrom('revoked' as const, 'deleted' as const),
        issuedBeforeMs: moment,
        generation: moment,
      }),
      { maxLength: 6, selector: ({ kind, issuer, id, cause }) => JSON.stringify([kind, issuer, id, cause]) },
    );
    const callers = fc.record({
      issuer: name,
      app: name,
      tokenId: fc.option(name, { nil: undefined }),
      family: fc.option(name, { nil: undefined }),
      generation: fc.integer({ min: 0, max: 3 }),
      issuedAtMs: fc.constantFrom(-Infinity, 0, 1, 2, 3),
    });
    fc.assert(
      fc.property(revocations, callers, (some, one) => {
        const principal = caller(one);
        const naive = some.some(
          ({ kind, issuer, id, issuedBeforeMs, generation }) =>
            (issuer === undefined || issuer === principal.issuer) &&
            id === { app: principal.app, token: principal.tokenId, family: principal.family }[kind] &&
            (issuedBeforeMs === undefined || principal.issuedAtMs < issuedBeforeMs) &&
            (generation === undefined || principal.generation <= generation),
        );
        expect(refuses(some.map(revocation), principal)).toBe(naive);
      }),
      { numRuns: 2000 },
    );
  });
});

it('a lookup is equally fast in an empty set and in one of a hundred thousand', () => {
  const many = Array.from({ length: 100_000 }, (_, i) =>
    revocation({ kind: i % 2 ? 'app' : 'token', id: `id-${i}` }),
  );
  const callers = Array.from({ length: 1000 }, (_, i) =>
    caller({ app: `app-${i}`, tokenId: `7f3e9a0c-${i}-4b1d-9e55-000000000000` }),
  );
  const nanoseconds = (set: RevokedSet): number => {
    let best = Infinity;
    for (let round = 0; round < 20; round++) {
      const start = performance.now();
      let found = 0;
      for (let turn = 0; turn < 10; turn++) for (const one of callers) if (set.has(one)) found += 1;
      best = Math.min(best, performance.now() - start);
      expect(found).toBe(0);
    }
    return (best / 10_000) * 1e6;
  };
  const empty = nanoseconds(new RevokedSet([]));
  const start = performance.now();
  const full = new RevokedSet(many);
  const buildMs = performance.now() - start;
  const asked = nanoseconds(full);
  console.log(
    `isRevoked: ${empty.toFixed(0)} ns of none, ${asked.toFixed(0)} ns of 100,000 (built in ${buildMs.toFixed(0)} ms)`,
  );
  expect(empty).toBeLessThan(500);
  expect(asked).toBeLessThan(5000);
});

describe('a set that changes', () => {
  it('is the result of its changes: added, replaced, removed and expired', () => {
    const set = new RevokedSet([revocation()]);
    set.apply([
      { isRemoved: false, revocation: revocation({ id: 'b', endsAtMs: 1_700_000_120_000 }) },
      { isRemoved: false, revocation: revocation({ cause: 'deleted', generation: 3 }) },
      { isRemoved: true, revocation: revocation() },
      { isRemoved: true, revocation: revocation({ id: 'never' }) },
    ]);
    expect(set.size).toBe(2);
    expect(set.has(caller({ generation: 3 }))).toBe(true);
    expect(set.has(caller({ generation: 4 }))).toBe(false);
    expect(set.has(caller({ app: 'b' }))).toBe(true);
    expect([...set.rows()].sort((one, other) => (one.id < other.id ? -1 : 1))).toEqual([
      revocation({ cause: 'deleted', generation: 3 }),
      revocation({ id: 'b', endsAtMs: 1_700_000_120_000 }),
    ]);
    const drop = (nowMs: number) => {
      for (let at = 0; at < set.parts; at++) set.dropEnded(at, nowMs);
      return set.size;
    };
    expect(drop(1_700_000_119_999)).toBe(2);
    expect(drop(1_700_000_120_000)).toBe(1);
    expect(set.has(caller({ app: 'b' }))).toBe(false);
  });

  it('rounds an expiry up to the minute, and keeps a very distant one forever', () => {
    const set = new RevokedSet([
      revocation({ id: 'a', endsAtMs: 1_700_000_060_001 }),
      revocation({ id: 'b', endsAtMs: 9e15 }),
    ]);
    const ends = new Map([...set.rows()].map(({ id, endsAtMs }) => [id, endsAtMs]));
    expect(ends).toEqual(
      new Map([
        ['a', 1_700_000_120_000],
        ['b', undefined],
      ]),
    );
  });
});
