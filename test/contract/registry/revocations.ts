/** The contract of a registry: revocations. */
import { describe, expect, it } from 'vitest';
import type { RevocationKey } from '../../../src/model/revocation.js';
import { app, NOW, revocation, signingKey, user, type Using } from './samples.js';

export function describeRevocations(name: string, using: Using): void {
  describe(`the contract of a registry, kept in ${name}: revocations`, () => {
    it('a revocation is listed exactly as recorded, and a later one replaces it', () =>
      using(async (registry) => {
        const token = revocation({ kind: 'token', id: 'jti', endsAtMs: NOW + 100 });
        const everywhere = revocation({ issuer: undefined, revokedAtMs: NOW + 1 });
        const partial = revocation({ issuedBeforeMs: NOW, revokedAtMs: NOW + 2 });
        for (const one of [token, everywhere, partial]) await registry.revoke(one);
        expect(await registry.revocations(NOW)).toEqual([token, everywhere, partial]);
        const later = revocation({ revokedAtMs: NOW + 3 });
        await registry.revoke(later);
        expect(await registry.revocations(NOW + 99)).toEqual([token, everywhere, later]);
        expect(await registry.revocations(NOW + 100)).toEqual([everywhere, later]);
      }));

    it('restoring undoes the revocation of an app at that issuer only, once', () =>
      using(async (registry) => {
        const everywhere = revocation({ issuer: undefined });
        await registry.revoke(everywhere);
        await registry.revoke(revocation());
        await registry.revoke(revocation({ kind: 'token' }));
        expect(await registry.restore('tokens', 'one', NOW)).toBe(true);
        expect(await registry.restore('tokens', 'one', NOW)).toBe(false);
        expect(await registry.revocations(NOW)).toHaveLength(2);
        expect(await registry.restore(undefined, 'one', NOW)).toBe(true);
        expect(await registry.revocations(NOW)).toMatchObject([{ kind: 'token' }]);
        expect(await registry.restore('tokens', 'other', NOW)).toBe(false);
      }));

    it('a deletion stays one, whatever is revoked or restored', () =>
      using(async (registry) => {
        const one = app();
        await registry.createApp(one);
        const revoked = revocation({ id: one.key, revokedAtMs: NOW - 1 });
        await registry.revoke(revoked);
        await registry.deleteApp(one.key, NOW, ['tokens']);
        const deleted = [revocation({ id: one.key, cause: 'deleted' })];
        expect(await registry.revocations(NOW)).toEqual(deleted);
        expect(await registry.restore('tokens', one.key, NOW)).toBe(false);
        await registry.revoke(revoked);
        expect(await registry.restore('tokens', one.key, NOW)).toBe(false);
        expect(await registry.revocations(NOW)).toEqual(deleted);
      }));

    it('a reused name can be revoked and restored, and the earlier deletion still applies', () =>
      using(async (registry) => {
        await registry.addUser(user());
        await registry.deleteUser('ada', NOW, 'tokens');
        const deleted = await registry.revocations(NOW);
        await registry.addUser(user());
        const revoked = revocation({ id: 'ada', revokedAtMs: NOW - 1 });
        for (const revokedAtMs of [NOW - 1, NOW + 1]) {
          await registry.revoke({ ...revoked, revokedAtMs });
          expect(await registry.revocations(NOW)).toEqual([{ ...revoked, revokedAtMs }]);
        }
        expect(await registry.restore('tokens', 'ada', NOW)).toBe(true);
        expect(await registry.revocations(NOW)).toEqual(deleted);
      }));

    it('changes since a revision are returned in pages, however many rows a revision has', () =>
      using(async (registry) => {
        const apps = [app(), app(), app()];
        const issuers = Array.from({ length: 450 }, (_, i) => `issuer-${i}`);
        for (const one of apps) await registry.createApp(one);
        const start = await registry.revision();
        for (const { key } of apps) await registry.deleteApp(key, NOW, issuers);
        const told: string[] = [];
        let isLast = false;
        for (let at = start; !isLast;) {
          const page = (await registry.revocationChanges(at))!;
          told.push(...page.changes.map(({ revocation: { id, issuer } }) => `${id} ${issuer}`));
          ({ upTo: at, isLast } = page);
        }
        expect([told.length, new Set(told).size]).toEqual([1350, 1350]);
        const all = new Set<string>();
        for (let next: RevocationKey | undefined, is = true; is;) {
          const page = await registry.revocationPage(NOW, next);
          for (const { id, issuer } of page.revocations) all.add(`${id} ${issuer}`);
          ({ next } = page);
          is = next !== undefined;
        }
        expect(all).toEqual(new Set(told));
      }));

    it('an undone revocation is returned as undone, and no more once it has been deleted', () =>
      using(async (registry) => {
        await registry.revoke(revocation());
        const before = await registry.revision();
        await registry.restore('tokens', 'one', NOW);
        const told = await registry.revocationChanges(before);
        expect(told).toMatchObject({
          isLast: true,
          changes: [{ isRemoved: true, revocation: { id: 'one' } }],
        });
        expect((await registry.revocationPage(NOW, undefined)).revocations).toEqual([]);
        const day = 24 * 60 * 60_000;
        await registry.deleteExpired(NOW + day - 1);
        expect(await registry.revocationChanges(before)).toEqual(told);
        await registry.deleteExpired(NOW + day);
        expect(await registry.revocationChanges(before)).toBeUndefined();
        const after = await registry.revision();
        expect(await registry.revocationChanges(after)).toEqual({ changes: [], upTo: after, isLast: true });
        await registry.revoke(revocation());
        expect((await registry.revocationChanges(after))!.changes).toHaveLength(1);
      }));

    it('every change to the revocations increases the revision, and nothing else does', () =>
      using(async (registry, place) => {
        const other = await place.open();
        const one = app();
        const changes: (() => Promise<unknown>)[] = [
          () => registry.revoke(revocation({ id: one.key })),
          () => registry.restore('tokens', one.key, NOW),
          () => registry.deleteApp(one.key, NOW, ['tokens']),
          () => registry.deleteUser('ada', NOW, 'tokens'),
        ];
        await registry.createApp(one);
        await registry.addUser(user());
        for (const change of changes) {
          const before = await other.revision();
          await change();
          expect(await other.revision()).toBeGreaterThan(before);
        }
        const before = await other.revision();
        await registry.createApp(app());
        await registry.addUser(user());
        await registry.addSigningKey(signingKey(), []);
        await registry.revocations(NOW);
        expect(await registry.revision()).toBe(before);
      }));
  });
}
