/** What every registry promises, run over each database that it can be kept in. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type {
  App,
  NamedToken,
  Registry,
  Revocation,
  SigningKey,
  User,
} from '../../src/tokens/registry/registry.js';

/** One place for a registry, empty at first. */
export interface PlaceForRegistry {
  /** Opens the registry there, as each gate does for itself; every one that is opened is closed by the place. */
  readonly open: () => Promise<Registry>;
  readonly close: () => Promise<void>;
}

export const NOW = 1_785_000_000_123;

export function hash(): Uint8Array {
  return new Uint8Array(randomBytes(32));
}

export function app(given: Partial<App> = {}): App {
  return {
    key: randomBytes(16).toString('hex'),
    secretHash: hash(),
    name: 'Stamps',
    owner: undefined,
    organization: undefined,
    scopes: ['notarization:*'],
    createdAtMs: NOW,
    ...given,
  };
}

export function user(given: Partial<User> = {}): User {
  return {
    name: 'ada',
    passwordHash: '$scrypt$',
    scopes: ['notarization:read'],
    organization: undefined,
    createdAtMs: NOW,
    ...given,
  };
}

export function signingKey(given: Partial<SigningKey> = {}): SigningKey {
  return {
    kid: randomBytes(8).toString('hex'),
    privateKey: 'private',
    publicJwk: '{"kty":"RSA"}',
    createdAtMs: NOW,
    signsFromMs: NOW,
    signsUntilMs: undefined,
    publishedUntilMs: undefined,
    ...given,
  };
}

function revocation(given: Partial<Revocation> = {}): Revocation {
  return {
    kind: 'app',
    issuer: 'tokens',
    id: 'one',
    revokedAtMs: NOW,
    issuedBeforeMs: undefined,
    endsAtMs: undefined,
    cause: 'revoked',
    ...given,
  };
}

export function describeRegistry(name: string, prepare: () => Promise<PlaceForRegistry>): void {
  async function using(body: (registry: Registry, place: PlaceForRegistry) => Promise<void>): Promise<void> {
    const place = await prepare();
    try {
      await body(await place.open(), place);
    } finally {
      await place.close();
    }
  }

  describe(`the contract of a registry, kept in ${name}: apps`, () => {
    test('an app is found by its key and by its secret, just as it was created', () =>
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
        expect(await registry.findAppBySecret(full.secretHash)).toEqual(full);
        expect(await registry.findApp(bare.key)).toEqual(bare);
        expect(await registry.findApp('other')).toBeUndefined();
        expect(await registry.findAppBySecret(hash())).toBeUndefined();
      }));

    test('a key and a secret are given once only', () =>
      using(async (registry) => {
        const one = app();
        await registry.createApp(one);
        await expect(registry.createApp(app({ key: one.key }))).rejects.toThrow();
        await expect(registry.createApp(app({ secretHash: one.secretHash }))).rejects.toThrow();
        await registry.deleteApp(one.key, NOW, []);
        await expect(registry.createApp(app({ key: one.key }))).rejects.toThrow();
        expect(await registry.listApps()).toEqual([]);
      }));

    test('apps are listed oldest first, all or those of one organization', () =>
      using(async (registry) => {
        const second = app({ createdAtMs: NOW + 1, organization: 'x' });
        const first = app({ createdAtMs: NOW });
        const third = app({ createdAtMs: NOW + 2, organization: 'y' });
        for (const one of [second, first, third]) await registry.createApp(one);
        expect(await registry.listApps()).toEqual([first, second, third]);
        expect(await registry.listApps('x')).toEqual([second]);
        expect(await registry.listApps('z')).toEqual([]);
      }));

    test('a deleted app is gone, and its tokens are refused at every issuer named', () =>
      using(async (registry) => {
        const one = app();
        const other = app();
        await registry.createApp(one);
        await registry.createApp(other);
        expect(await registry.deleteApp(one.key, NOW + 5, ['tokens', 'named'])).toBe(true);
        expect(await registry.findApp(one.key)).toBeUndefined();
        expect(await registry.findAppBySecret(one.secretHash)).toBeUndefined();
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

    test('of many deletions at once exactly one has deleted', () =>
      using(async (registry, place) => {
        const one = app();
        await registry.createApp(one);
        const gates = [registry, await place.open()];
        const deletions = Array.from({ length: 10 }, (_, i) =>
          gates[i % 2]!.deleteApp(one.key, NOW, ['tokens']),
        );
        expect((await Promise.all(deletions)).filter(Boolean)).toHaveLength(1);
      }));

    test('a rotated secret replaces the old one, of living apps only', () =>
      using(async (registry) => {
        const one = app();
        const fresh = hash();
        await registry.createApp(one);
        expect(await registry.rotateSecret(one.key, fresh)).toBe(true);
        expect(await registry.findAppBySecret(one.secretHash)).toBeUndefined();
        expect(await registry.findAppBySecret(fresh)).toEqual({ ...one, secretHash: fresh });
        expect(await registry.rotateSecret('other', hash())).toBe(false);
        await registry.deleteApp(one.key, NOW, []);
        expect(await registry.rotateSecret(one.key, hash())).toBe(false);
      }));
  });

  describe(`the contract of a registry, kept in ${name}: users`, () => {
    test('a user is found and listed just as added, and a name that is taken is refused', () =>
      using(async (registry) => {
        const ada = user({ organization: 'Analytical Engines', createdAtMs: NOW + 1 });
        const grace = user({ name: 'grace', scopes: [] });
        expect(await registry.addUser(ada)).toBe(true);
        expect(await registry.addUser(grace)).toBe(true);
        expect(await registry.addUser(user({ passwordHash: 'other' }))).toBe(false);
        expect(await registry.findUser('ada')).toEqual(ada);
        expect(await registry.findUser('Ada')).toBeUndefined();
        expect(await registry.listUsers()).toEqual([grace, ada]);
      }));

    test('deleting a user ends the families and refuses the tokens issued so far; the name is free again', () =>
      using(async (registry) => {
        const token = hash();
        await registry.addUser(user());
        await registry.openFamily({ id: 'f', user: 'ada', scopes: [], endsAtMs: NOW + 1000 }, token, NOW);
        expect(await registry.deleteUser('ada', NOW + 5, 'tokens')).toBe(true);
        expect(await registry.findUser('ada')).toBeUndefined();
        expect(await registry.revocations(NOW + 5)).toEqual([
          revocation({ id: 'ada', revokedAtMs: NOW + 5, issuedBeforeMs: NOW + 6, cause: 'deleted' }),
        ]);
        expect(await registry.addUser(user())).toBe(true);
        expect(await registry.useRefreshToken(token, hash(), NOW + 10, 0)).toEqual({ result: 'invalid' });
        expect(await registry.deleteUser('ada', NOW + 20, 'tokens')).toBe(true);
        expect(await registry.revocations(NOW + 20)).toMatchObject([{ issuedBeforeMs: NOW + 21 }]);
        expect(await registry.deleteUser('ada', NOW + 30, 'tokens')).toBe(false);
      }));
  });

  describe(`the contract of a registry, kept in ${name}: refresh tokens`, () => {
    const family = { id: 'family', user: 'ada', scopes: ['a', 'b'], endsAtMs: NOW + 1000 };
    async function login(registry: Registry): Promise<Uint8Array> {
      const token = hash();
      await registry.addUser(user());
      await registry.openFamily(family, token, NOW);
      return token;
    }

    test('a refresh token works once, and its successor once after it', () =>
      using(async (registry) => {
        const first = await login(registry);
        const [second, third] = [hash(), hash()];
        expect(await registry.useRefreshToken(first, second, NOW, 5)).toEqual({ result: 'used', family });
        expect(await registry.useRefreshToken(second, third, NOW + 1, 5)).toEqual({ result: 'used', family });
        expect(await registry.useRefreshToken(hash(), hash(), NOW, 5)).toEqual({ result: 'invalid' });
      }));

    test('a repeat within the grace is only refused, and the family lives', () =>
      using(async (registry) => {
        const first = await login(registry);
        const second = hash();
        await registry.useRefreshToken(first, second, NOW, 5);
        expect(await registry.useRefreshToken(first, hash(), NOW + 5, 5)).toEqual({ result: 'repeated' });
        expect(await registry.useRefreshToken(second, hash(), NOW + 6, 5)).toMatchObject({ result: 'used' });
      }));

    test('a replay after the grace ends the family, its latest token included', () =>
      using(async (registry) => {
        const first = await login(registry);
        const second = hash();
        await registry.useRefreshToken(first, second, NOW, 5);
        expect(await registry.useRefreshToken(first, hash(), NOW + 6, 5)).toEqual({
          result: 'replayed',
          family,
        });
        expect(await registry.useRefreshToken(second, hash(), NOW + 7, 5)).toEqual({ result: 'invalid' });
        expect(await registry.useRefreshToken(first, hash(), NOW + 8, 5)).toEqual({ result: 'invalid' });
      }));

    test('of 50 uses at once over two gates exactly one is used, and its successor lives', () =>
      using(async (registry, place) => {
        const token = await login(registry);
        const gates = [registry, await place.open()];
        const successors = Array.from({ length: 50 }, hash);
        const uses = await Promise.all(
          successors.map((successor, i) => gates[i % 2]!.useRefreshToken(token, successor, NOW + i, 5000)),
        );
        expect(uses.filter(({ result }) => result === 'repeated')).toHaveLength(49);
        const alive = await Promise.all(successors.map((one) => registry.findFamily(one, NOW)));
        expect(alive.map((found) => found !== undefined)).toEqual(
          uses.map(({ result }) => result === 'used'),
        );
      }));

    test('uses that race with the end of the family leave nothing alive and fail in no other way', () =>
      using(async (registry, place) => {
        const gates = [registry, await place.open()];
        for (let round = 0; round < 10; round++) {
          const [token, successor] = [hash(), hash()];
          await registry.addUser(user());
          await registry.openFamily(family, token, NOW);
          const [use] = await Promise.all([
            gates[round % 2]!.useRefreshToken(token, successor, NOW, 5),
            round % 3 === 0 ? gates[1]!.endFamily('family') : gates[1]!.deleteUser('ada', NOW, 'tokens'),
          ]);
          expect(['used', 'invalid']).toContain(use.result);
          expect(await registry.findFamily(successor, NOW)).toBeUndefined();
          expect(await registry.findFamily(token, NOW)).toBeUndefined();
        }
      }));

    test('nothing of a family works from its end on', () =>
      using(async (registry) => {
        const token = await login(registry);
        expect(await registry.findFamily(token, NOW + 999)).toEqual(family);
        expect(await registry.findFamily(token, NOW + 1000)).toBeUndefined();
        expect(await registry.useRefreshToken(token, hash(), NOW + 1000, 5)).toEqual({ result: 'invalid' });
      }));

    test('a family is found by a token that can still be used, not by a used or an ended one', () =>
      using(async (registry) => {
        const first = await login(registry);
        const second = hash();
        expect(await registry.findFamily(first, NOW)).toEqual(family);
        await registry.useRefreshToken(first, second, NOW, 5);
        expect(await registry.findFamily(first, NOW)).toBeUndefined();
        expect(await registry.findFamily(second, NOW)).toEqual(family);
        await registry.endFamily('family');
        expect(await registry.findFamily(second, NOW)).toBeUndefined();
        await registry.endFamily('family');
      }));

    test('a family of nobody is not opened', () =>
      using(async (registry) => {
        const token = hash();
        await expect(registry.openFamily(family, token, NOW)).rejects.toThrow();
        await registry.addUser(user());
        expect(await registry.findFamily(token, NOW)).toBeUndefined();
      }));
  });

  describe(`the contract of a registry, kept in ${name}: signing keys and the pepper`, () => {
    test('keys are listed oldest first, just as added, for as long as they are published', () =>
      using(async (registry) => {
        const first = signingKey();
        const second = signingKey({ createdAtMs: NOW + 1, signsFromMs: NOW + 10, privateKey: 'other' });
        const planned = { kid: first.kid, signsUntilMs: NOW + 10, publishedUntilMs: NOW + 20 };
        expect(await registry.addSigningKey(first, [])).toBe(true);
        expect(await registry.addSigningKey(second, [first.kid], planned)).toBe(true);
        expect(await registry.signingKeys(NOW + 19)).toEqual([{ ...first, ...planned }, second]);
        expect(await registry.signingKeys(NOW + 20)).toEqual([second]);
        const third = signingKey({ createdAtMs: NOW + 30, signsFromMs: NOW + 40 });
        const endless = { kid: second.kid, signsUntilMs: NOW + 40, publishedUntilMs: undefined };
        // The first is still there, but no longer published: it need not be known.
        expect(await registry.addSigningKey(third, [second.kid], endless)).toBe(true);
        expect(await registry.signingKeys(NOW + 50)).toEqual([{ ...second, ...endless }, third]);
      }));

    test('of many gates that add a key at once exactly one does, and only its plan holds', () =>
      using(async (registry, place) => {
        const gates = [registry, await place.open()];
        const first = await Promise.all(gates.map((gate) => gate.addSigningKey(signingKey(), [])));
        expect(first.filter(Boolean)).toHaveLength(1);
        const [known] = await registry.signingKeys(NOW);
        const added = await Promise.all(
          Array.from({ length: 10 }, (_, i) =>
            gates[i % 2]!.addSigningKey(signingKey({ signsFromMs: NOW + i }), [known!.kid], {
              kid: known!.kid,
              signsUntilMs: NOW + i,
              publishedUntilMs: undefined,
            }),
          ),
        );
        expect(added.filter(Boolean)).toHaveLength(1);
        const winner = NOW + added.indexOf(true);
        expect(await registry.signingKeys(NOW)).toMatchObject([
          { signsUntilMs: winner },
          { signsFromMs: winner },
        ]);
      }));

    test('the pepper is made once, by whichever gate asks first', () =>
      using(async (registry, place) => {
        const gates = [registry, await place.open(), await place.open()];
        const peppers = await Promise.all(gates.map((gate) => gate.pepper(hash)));
        expect(peppers[0]).toHaveLength(32);
        for (const pepper of [...peppers, await registry.pepper(hash)]) expect(pepper).toEqual(peppers[0]);
      }));
  });

  describe(`the contract of a registry, kept in ${name}: revocations`, () => {
    test('a revocation is listed just as recorded, and a later one replaces it', () =>
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

    test('restoring undoes the revocation of an app at that issuer alone, once', () =>
      using(async (registry) => {
        const everywhere = revocation({ issuer: undefined });
        await registry.revoke(everywhere);
        await registry.revoke(revocation());
        await registry.revoke(revocation({ kind: 'token' }));
        expect(await registry.restore('tokens', 'one')).toBe(true);
        expect(await registry.restore('tokens', 'one')).toBe(false);
        expect(await registry.revocations(NOW)).toHaveLength(2);
        expect(await registry.restore(undefined, 'one')).toBe(true);
        expect(await registry.revocations(NOW)).toMatchObject([{ kind: 'token' }]);
        expect(await registry.restore('tokens', 'other')).toBe(false);
      }));

    test('a deletion stays one, whatever is revoked or restored', () =>
      using(async (registry) => {
        const one = app();
        await registry.createApp(one);
        const revoked = revocation({ id: one.key, revokedAtMs: NOW - 1 });
        await registry.revoke(revoked);
        await registry.deleteApp(one.key, NOW, ['tokens']);
        const deleted = [revocation({ id: one.key, cause: 'deleted' })];
        expect(await registry.revocations(NOW)).toEqual(deleted);
        expect(await registry.restore('tokens', one.key)).toBe(false);
        await registry.revoke(revoked);
        expect(await registry.restore('tokens', one.key)).toBe(false);
        expect(await registry.revocations(NOW)).toEqual(deleted);
      }));

    test('a name that was given again can be revoked and restored, and the deletion before still holds', () =>
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
        expect(await registry.restore('tokens', 'ada')).toBe(true);
        expect(await registry.revocations(NOW)).toEqual(deleted);
      }));

    test('every change to the revocations increases the revision, and nothing else does', () =>
      using(async (registry, place) => {
        const other = await place.open();
        const one = app();
        const changes: (() => Promise<unknown>)[] = [
          () => registry.revoke(revocation({ id: one.key })),
          () => registry.restore('tokens', one.key),
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

  describe(`the contract of a registry, kept in ${name}: what holds for all of it`, () => {
    test('sweeping removes what has ended and leaves what has not', () =>
      using(async (registry) => {
        const [ended, living] = [hash(), hash()];
        const named: NamedToken = {
          jti: 'endless',
          clientId: 'app',
          name: 'name',
          description: '',
          createdAtMs: NOW,
          endsAtMs: undefined,
        };
        await registry.addUser(user());
        await registry.openFamily({ id: 'old', user: 'ada', scopes: [], endsAtMs: NOW }, ended, NOW - 9);
        await registry.openFamily({ id: 'new', user: 'ada', scopes: [], endsAtMs: NOW + 1 }, living, NOW);
        await registry.addNamedToken(named);
        await registry.addNamedToken({ ...named, jti: 'old', endsAtMs: NOW });
        await registry.addSigningKey(signingKey({ kid: 'old', publishedUntilMs: NOW }), []);
        await registry.addSigningKey(signingKey({ kid: 'new' }), ['old']);
        await registry.revoke(revocation({ id: 'old', endsAtMs: NOW }));
        await registry.revoke(revocation({ id: 'new', endsAtMs: NOW + 1 }));
        await registry.sweep(NOW);
        // Before their end, where what was only past it would still be found.
        expect(await registry.findFamily(ended, NOW - 1)).toBeUndefined();
        expect(await registry.findFamily(living, NOW)).toMatchObject({ id: 'new' });
        expect(await registry.signingKeys(NOW - 1)).toMatchObject([{ kid: 'new' }]);
        expect(await registry.revocations(NOW - 1)).toMatchObject([{ id: 'new' }]);
        await expect(registry.addNamedToken(named)).rejects.toThrow();
        await registry.addNamedToken({ ...named, jti: 'old' });
      }));

    test('gates that start at once on an empty database all find it ready', () =>
      using(async (_, place) => {
        const gates = await Promise.all(Array.from({ length: 6 }, () => place.open()));
        const one = app();
        await gates[0]!.createApp(one);
        for (const gate of gates) expect(await gate.findApp(one.key)).toEqual(one);
      }));

    test('what was written is there after everything has been closed', () =>
      using(async (registry, place) => {
        const one = app();
        await registry.createApp(one);
        await registry.close();
        expect(await (await place.open()).listApps()).toEqual([one]);
      }));

    test('writes of two gates at once all succeed', () =>
      using(async (registry, place) => {
        const gates = [registry, await place.open()];
        const apps = Array.from({ length: 60 }, () => app());
        await Promise.all(apps.map((one, i) => gates[i % 2]!.createApp(one)));
        await Promise.all(apps.map((one, i) => gates[(i + 1) % 2]!.deleteApp(one.key, NOW, ['tokens'])));
        expect(await registry.listApps()).toEqual([]);
        expect(await registry.revocations(NOW)).toHaveLength(60);
      }));

    test.each([
      ['a NUL character', 'a\0b'],
      ['half a surrogate pair', 'a\ud800b'],
    ])('text with %s is never stored and never found', (_, text) =>
      using(async (registry) => {
        const named = { jti: 'j', clientId: 'a', createdAtMs: NOW, endsAtMs: undefined };
        // What a database would make of them.
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
        const family = { id: 'f', user: text, scopes: [], endsAtMs: NOW };
        await expect(registry.openFamily(family, hash(), NOW)).rejects.toThrow(RangeError);
        expect(await registry.findApp(text)).toBeUndefined();
        expect(await registry.listApps(text)).toEqual([]);
        expect(await registry.findUser(text)).toBeUndefined();
        expect(await registry.deleteApp(text, NOW, [])).toBe(false);
        expect(await registry.rotateSecret(text, hash())).toBe(false);
        expect(await registry.deleteUser(text, NOW, 'tokens')).toBe(false);
        expect(await registry.restore('tokens', text)).toBe(false);
        expect(await registry.listApps()).toHaveLength(2);
      }),
    );
  });
}
