/** The contract of a registry: apps. */
import { describe, expect, it } from 'vitest';
import { app, hash, NOW, revocation, type Using } from './samples.js';

export function describeApps(name: string, using: Using): void {
  describe(`the contract of a registry, kept in ${name}: apps`, () => {
    it('an app is found by its key and by its secret, exactly as it was created', () =>
      using(async (registry) => {
        const full = app({
          name: 'Größe "1"; DROP TABLE apps',
          owner: { uid: '7', uname: 'ada', uavatar: 'https://example.org/a.png' },
          organization: 'Analytical Engines',
          scopes: ['a:read', 'b:*'],
        });
        const bare = app({ scopes: [] });
        await registry.createApp(full);
        await registry.createApp(bare);
        expect(await registry.findApp(full.key)).toEqual(full);
        expect(await registry.findAppBySecret(full.secretHash, NOW)).toEqual(full);
        expect(await registry.findApp(bare.key)).toEqual(bare);
        expect(await registry.findApp('other')).toBeUndefined();
        expect(await registry.findAppBySecret(hash(), NOW)).toBeUndefined();
      }));

    it('a key and a secret are assigned only once', () =>
      using(async (registry) => {
        const one = app();
        await registry.createApp(one);
        await expect(registry.createApp(app({ key: one.key }))).rejects.toThrow();
        await expect(registry.createApp(app({ secretHash: one.secretHash }))).rejects.toThrow();
        await registry.deleteApp(one.key, NOW, []);
        await expect(registry.createApp(app({ key: one.key }))).rejects.toThrow();
        expect(await registry.listApps()).toEqual([]);
      }));

    it('apps are listed oldest first', () =>
      using(async (registry) => {
        const second = app({ createdAtMs: NOW + 1, organization: 'x' });
        const first = app({ createdAtMs: NOW });
        const third = app({ createdAtMs: NOW + 2, organization: 'y' });
        for (const one of [second, first, third]) await registry.createApp(one);
        expect(await registry.listApps()).toEqual([first, second, third]);
      }));

    it('a deleted app is gone, and its tokens are refused at every issuer named', () =>
      using(async (registry) => {
        const one = app();
        const other = app();
        await registry.createApp(one);
        await registry.createApp(other);
        expect(await registry.deleteApp(one.key, NOW + 5, ['tokens', 'named'])).toBe(true);
        expect(await registry.findApp(one.key)).toBeUndefined();
        expect(await registry.findAppBySecret(one.secretHash, NOW)).toBeUndefined();
        expect(await registry.listApps()).toEqual([other]);
        const refused = revocation({ id: one.key, revokedAtMs: NOW + 5, cause: 'deleted' });
        const revocations = await registry.revocations(NOW + 5);
        expect(revocations).toHaveLength(2);
        expect(revocations).toContainEqual(refused);
        expect(revocations).toContainEqual({ ...refused, issuer: 'named' });
        expect(await registry.deleteApp(one.key, NOW + 6, ['tokens'])).toBe(false);
        expect(await registry.deleteApp('other', NOW, ['tokens'])).toBe(false);
        expect(await registry.revocations(NOW + 6)).toHaveLength(2);
      }));

    it('of concurrent deletions exactly one has deleted', () =>
      using(async (registry, place) => {
        const one = app();
        await registry.createApp(one);
        const gates = [registry, await place.open()];
        const deletions = Array.from({ length: 10 }, (_, i) =>
          gates[i % 2]!.deleteApp(one.key, NOW, ['tokens']),
        );
        expect((await Promise.all(deletions)).filter(Boolean)).toHaveLength(1);
      }));

    it('a rotated secret replaces the old one, of existing apps only', () =>
      using(async (registry) => {
        const one = app();
        const fresh = hash();
        await registry.createApp(one);
        expect(await registry.rotateSecret(one.key, fresh)).toBe(true);
        expect(await registry.findAppBySecret(one.secretHash, NOW)).toBeUndefined();
        expect(await registry.findAppBySecret(fresh, NOW)).toEqual({ ...one, secretHash: fresh });
        expect(await registry.rotateSecret('other', hash())).toBe(false);
        await registry.deleteApp(one.key, NOW, []);
        expect(await registry.rotateSecret(one.key, hash())).toBe(false);
      }));
  });
}
