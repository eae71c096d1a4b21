/** The contract of a registry: changes of apps, overlapping secrets, and last uses. */
import { describe, expect, it } from 'vitest';
import type { App, AppChange } from '../../../src/tokens/registry/registry.js';
import { app, hash, NOW, revocation, type Using } from './samples.js';

const ISSUERS = ['tokens', 'named'];
const MINUTE_MS = 60_000;

function changed(of: App, fields: Partial<AppChange> = {}): AppChange {
  const { name, organization, scopes } = of;
  return { name, organization, scopes, endsTokens: false, ...fields };
}

export function describeAppChanges(name: string, using: Using): void {
  describe(`the contract of a registry, kept in ${name}: changes of apps`, () => {
    it('a change that keeps the tokens replaces the fields and revokes nothing', () =>
      using(async (registry) => {
        const one = app({ organization: 'Example' });
        await registry.createApp(one);
        const fields = { name: 'Stämps', organization: undefined, scopes: ['a:read', 'b'] };
        const result = await registry.updateApp(one.key, (now) => changed(now, fields), NOW, ISSUERS);
        expect(result).toEqual({ ...one, ...fields });
        expect(await registry.findApp(one.key)).toEqual({ ...one, ...fields });
        expect(await registry.revocations(NOW)).toEqual([]);
      }));

    it('a change that ends tokens refuses those of the generation before, at every issuer named', () =>
      using(async (registry) => {
        const one = app();
        await registry.createApp(one);
        const before = await registry.revision();
        for (const generation of [1, 2]) {
          const result = await registry.updateApp(
            one.key,
            (now) => changed(now, { endsTokens: true }),
            NOW + generation,
            ISSUERS,
          );
          expect(result).toMatchObject({ generation });
        }
        const refused = { id: one.key, revokedAtMs: NOW + 2, cause: 'changed', generation: 1 } as const;
        const revocations = await registry.revocations(NOW + 2);
        expect(revocations).toHaveLength(2);
        for (const issuer of ISSUERS) expect(revocations).toContainEqual(revocation({ issuer, ...refused }));
        expect((await registry.revocationChanges(before))?.changes).toHaveLength(2);
      }));

    it('a change that ends tokens takes named tokens of the generations before off the list', () =>
      using(async (registry) => {
        const one = app();
        await registry.createApp(one);
        const token = {
          clientId: one.key,
          name: 'n',
          description: '',
          createdAtMs: NOW,
          endsAtMs: undefined,
        };
        for (const [jti, generation] of [
          ['first', 0],
          ['unknown', undefined],
          ['second', 1],
        ] as const)
          await registry.addNamedToken({ ...token, jti, generation });
        const listed = async () =>
          (await registry.listNamedTokens(NOW)).map(({ jti, generation }) => [jti, generation]);
        expect(await listed()).toHaveLength(3);
        await registry.updateApp(one.key, (now) => changed(now, { endsTokens: true }), NOW, ISSUERS);
        expect(await listed()).toEqual([
          ['second', 1],
          ['unknown', undefined],
        ]);
        expect(await registry.findNamedToken('first')).toMatchObject({ generation: 0 });
      }));

    it('undoing a revocation does not undo a change; a deletion refuses every generation', () =>
      using(async (registry) => {
        const one = app();
        await registry.createApp(one);
        await registry.updateApp(one.key, (now) => changed(now, { endsTokens: true }), NOW, ['tokens']);
        expect(await registry.restore('tokens', one.key, NOW)).toBe(false);
        await registry.revoke(revocation({ id: one.key }));
        expect(await registry.restore('tokens', one.key, NOW)).toBe(true);
        const change = revocation({ id: one.key, cause: 'changed', generation: 0 });
        expect(await registry.revocations(NOW)).toEqual([change]);
        await registry.deleteApp(one.key, NOW, ['tokens']);
        const page = await registry.revocationPage(NOW, undefined);
        expect(page.revocations).toContainEqual(revocation({ id: one.key, cause: 'deleted' }));
      }));

    it('an app that is unknown, deleted or hidden from the caller is not changed', () =>
      using(async (registry) => {
        const [one, gone] = [app(), app()];
        for (const each of [one, gone]) await registry.createApp(each);
        await registry.deleteApp(gone.key, NOW, []);
        for (const key of ['other', 'a\0b', gone.key])
          expect(await registry.updateApp(key, changed, NOW, ISSUERS)).toBeUndefined();
        expect(await registry.updateApp(one.key, () => undefined, NOW, ISSUERS)).toBeUndefined();
        expect(await registry.rotateSecret(one.key, hash(), undefined, () => false)).toBe(false);
        expect(await registry.deleteApp(one.key, NOW, ISSUERS, () => false)).toBe(false);
        expect(await registry.listApps()).toEqual([one]);
        expect(await registry.revocations(NOW)).toEqual([]);
      }));

    it('a decision that throws changes nothing', () =>
      using(async (registry) => {
        const one = app();
        await registry.createApp(one);
        const refuse = (): never => {
          throw new Error('refused');
        };
        await expect(registry.updateApp(one.key, refuse, NOW, ISSUERS)).rejects.toThrow('refused');
        await expect(registry.rotateSecret(one.key, hash(), undefined, refuse)).rejects.toThrow('refused');
        await expect(registry.deleteApp(one.key, NOW, ISSUERS, refuse)).rejects.toThrow('refused');
        expect(await registry.findApp(one.key)).toEqual(one);
      }));

    it('concurrent changes by two gateways are decided one after the other', () =>
      using(async (registry, place) => {
        const one = app({ scopes: [] });
        await registry.createApp(one);
        const gates = [registry, await place.open()];
        await Promise.all(
          Array.from({ length: 10 }, (_, i) =>
            gates[i % 2]!.updateApp(
              one.key,
              (now) => changed(now, { scopes: [...now.scopes, `s${i}`], endsTokens: i === 0 }),
              NOW,
              ISSUERS,
            ),
          ),
        );
        const found = await registry.findApp(one.key);
        expect(found?.scopes).toHaveLength(10);
        expect(found?.generation).toBe(1);
      }));
  });

  describe(`the contract of a registry, kept in ${name}: overlapping secrets`, () => {
    it('the previous secret is accepted until its end, and then its hash is deleted', () =>
      using(async (registry) => {
        const one = app();
        const fresh = hash();
        await registry.createApp(one);
        const untilMs = NOW + MINUTE_MS;
        expect(await registry.rotateSecret(one.key, fresh, untilMs)).toBe(true);
        const previousSecret = { hash: one.secretHash, untilMs };
        const rotated = { ...one, secretHash: fresh, previousSecret };
        expect(await registry.findApp(one.key)).toEqual(rotated);
        expect(await registry.findAppBySecret(fresh, NOW)).toEqual(rotated);
        expect(await registry.findAppBySecret(one.secretHash, untilMs - 1)).toEqual(rotated);
        expect(await registry.findAppBySecret(one.secretHash, untilMs)).toBeUndefined();
        await registry.deleteExpired(untilMs - 1);
        expect(await registry.findApp(one.key)).toEqual(rotated);
        await registry.deleteExpired(untilMs);
        expect(await registry.findApp(one.key)).toEqual({ ...rotated, previousSecret: undefined });
      }));

    it('a second rotation within the overlap ends the oldest secret at once', () =>
      using(async (registry) => {
        const one = app();
        const [second, third, fourth] = [hash(), hash(), hash()];
        await registry.createApp(one);
        await registry.rotateSecret(one.key, second, NOW + MINUTE_MS);
        await registry.rotateSecret(one.key, third, NOW + 2 * MINUTE_MS);
        expect(await registry.findAppBySecret(one.secretHash, NOW)).toBeUndefined();
        expect(await registry.findAppBySecret(second, NOW)).toMatchObject({ key: one.key });
        await registry.rotateSecret(one.key, fourth);
        for (const old of [second, third]) expect(await registry.findAppBySecret(old, NOW)).toBeUndefined();
        expect(await registry.findAppBySecret(fourth, NOW)).toMatchObject({ key: one.key });
      }));

    it('concurrent rotations by two gateways leave two secrets at most', () =>
      using(async (registry, place) => {
        const one = app();
        await registry.createApp(one);
        const gates = [registry, await place.open()];
        const secrets = Array.from({ length: 10 }, () => hash());
        await Promise.all(
          secrets.map((secret, i) => gates[i % 2]!.rotateSecret(one.key, secret, NOW + MINUTE_MS)),
        );
        const found = await Promise.all(secrets.map((secret) => registry.findAppBySecret(secret, NOW)));
        expect(found.filter((each) => each?.key === one.key)).toHaveLength(2);
        expect(await registry.findAppBySecret(one.secretHash, NOW)).toBeUndefined();
      }));

    it('a deleted app has neither secret', () =>
      using(async (registry) => {
        const one = app();
        const fresh = hash();
        await registry.createApp(one);
        await registry.rotateSecret(one.key, fresh, NOW + MINUTE_MS);
        await registry.deleteApp(one.key, NOW, []);
        for (const secret of [one.secretHash, fresh])
          expect(await registry.findAppBySecret(secret, NOW)).toBeUndefined();
      }));
  });

  describe(`the contract of a registry, kept in ${name}: last uses`, () => {
    it('a use is recorded, unless one is recorded since the time given', () =>
      using(async (registry) => {
        const [one, other] = [app(), app()];
        for (const each of [one, other]) await registry.createApp(each);
        const lastUse = async () => (await registry.findApp(one.key))?.lastUsedAtMs;
        await registry.recordAppUses([one.key, 'unknown'], NOW, NOW - MINUTE_MS);
        expect(await lastUse()).toBe(NOW);
        await registry.recordAppUses([one.key], NOW + MINUTE_MS, NOW);
        expect(await lastUse()).toBe(NOW);
        await registry.recordAppUses([one.key], NOW + MINUTE_MS + 1, NOW + 1);
        expect(await lastUse()).toBe(NOW + MINUTE_MS + 1);
        expect(await registry.findApp(other.key)).toEqual(other);
      }));

    it('two gateways may record the same apps at once', () =>
      using(async (registry, place) => {
        const all = Array.from({ length: 20 }, () => app());
        for (const each of all) await registry.createApp(each);
        const keys = all.map(({ key }) => key);
        const another = await place.open();
        await Promise.all([
          registry.recordAppUses(keys, NOW, NOW),
          another.recordAppUses([...keys].reverse(), NOW, NOW),
        ]);
        for (const { lastUsedAtMs } of await registry.listApps()) expect(lastUsedAtMs).toBe(NOW);
      }));
  });
}
