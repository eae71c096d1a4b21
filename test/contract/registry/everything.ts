/** The contract of a registry: what holds for all of it. */
import { describe, expect, it } from 'vitest';
import type { NamedToken } from '../../../src/tokens/registry/registry.js';
import { app, hash, NOW, revocation, signingKey, user, type Using } from './samples.js';

export function describeEverything(name: string, using: Using): void {
  describe(`the contract of a registry, kept in ${name}: what holds for all of it`, () => {
    it('expired rows are deleted, and others are not', () =>
      using(async (registry) => {
        const [ended, living] = [hash(), hash()];
        const named: NamedToken = {
          jti: 'endless',
          clientId: 'app',
          name: 'name',
          description: '',
          createdAtMs: NOW,
          endsAtMs: undefined,
          generation: undefined,
        };
        await registry.addUser(user());
        await registry.openFamily(
          { id: 'old', user: 'ada', generation: 1, scopes: [], endsAtMs: NOW },
          ended,
        );
        await registry.openFamily(
          { id: 'new', user: 'ada', generation: 1, scopes: [], endsAtMs: NOW + 1 },
          living,
        );
        await registry.addNamedToken(named);
        await registry.addNamedToken({ ...named, jti: 'old', endsAtMs: NOW });
        await registry.addSigningKey(signingKey({ kid: 'old', publishedUntilMs: NOW }), []);
        await registry.addSigningKey(signingKey({ kid: 'new' }), ['old']);
        await registry.revoke(revocation({ id: 'old', endsAtMs: NOW }));
        await registry.revoke(revocation({ id: 'new', endsAtMs: NOW + 1 }));
        await registry.deleteExpired(NOW);
        // Before their end, since after it a lookup would not find them anyway.
        expect(await registry.findFamily(ended, NOW - 1)).toBeUndefined();
        expect(await registry.findFamily(living, NOW)).toMatchObject({ id: 'new' });
        expect(await registry.signingKeys(NOW - 1)).toMatchObject([{ kid: 'new' }]);
        expect(await registry.revocations(NOW - 1)).toMatchObject([{ id: 'new' }]);
        await expect(registry.addNamedToken(named)).rejects.toThrow();
        await registry.addNamedToken({ ...named, jti: 'old' });
      }));

    it('gateways that start at once on an empty database all find it ready', () =>
      using(async (_, place) => {
        const gates = await Promise.all(Array.from({ length: 6 }, () => place.open()));
        const one = app();
        await gates[0]!.createApp(one);
        for (const gate of gates) expect(await gate.findApp(one.key)).toEqual(one);
      }));

    it('everything written is there after all connections have been closed', () =>
      using(async (registry, place) => {
        const one = app();
        await registry.createApp(one);
        await registry.close();
        expect(await (await place.open()).listApps()).toEqual([one]);
      }));

    it('concurrent writes of two gateways all succeed', () =>
      using(async (registry, place) => {
        const gates = [registry, await place.open()];
        const apps = Array.from({ length: 60 }, () => app());
        await Promise.all(apps.map((one, i) => gates[i % 2]!.createApp(one)));
        await Promise.all(apps.map((one, i) => gates[(i + 1) % 2]!.deleteApp(one.key, NOW, ['tokens'])));
        expect(await registry.listApps()).toEqual([]);
        expect(await registry.revocations(NOW)).toHaveLength(60);
      }));

    it.each([
      ['a NUL character', 'a\0b'],
      ['half a surrogate pair', 'a\ud800b'],
    ])('text with %s is never stored and never found', (_, text) =>
      using(async (registry) => {
        const named = { jti: 'j', clientId: 'a', createdAtMs: NOW, endsAtMs: undefined, generation: 0 };
        // How a database would interpret them.
        for (const name of ['a', 'a\ufffdb']) {
          await registry.createApp(app({ key: name, organization: name }));
          await registry.addUser(user({ name }));
        }
        await expect(registry.createApp(app({ name: text }))).rejects.toThrow(RangeError);
        await expect(registry.addUser(user({ name: text }))).rejects.toThrow(RangeError);
        await expect(registry.revoke(revocation({ id: text }))).rejects.toThrow(RangeError);
        await expect(registry.addNamedToken({ ...named, name: text, description: '' })).rejects.toThrow(
          RangeError,
        );
        const family = { id: 'f', user: text, generation: 1, scopes: [], endsAtMs: NOW };
        await expect(registry.openFamily(family, hash())).rejects.toThrow(RangeError);
        expect(await registry.findApp(text)).toBeUndefined();
        expect(await registry.findUser(text)).toBeUndefined();
        expect(await registry.deleteApp(text, NOW, [])).toBe(false);
        expect(await registry.rotateSecret(text, hash())).toBe(false);
        expect(await registry.deleteUser(text, NOW, 'tokens')).toBe(false);
        expect(await registry.restore('tokens', text, NOW)).toBe(false);
        expect(await registry.listApps()).toHaveLength(2);
      }),
    );
  });
}
