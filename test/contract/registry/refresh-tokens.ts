/** The contract of a registry: refresh tokens. */
import { describe, expect, it } from 'vitest';
import type { Registry } from '../../../src/tokens/registry/registry.js';
import { hash, NOW, user, type Using } from './samples.js';

export function describeRefreshTokens(name: string, using: Using): void {
  describe(`the contract of a registry, kept in ${name}: refresh tokens`, () => {
    const family = { id: 'family', user: 'ada', generation: 1, scopes: ['a', 'b'], endsAtMs: NOW + 1000 };
    async function login(registry: Registry): Promise<Uint8Array> {
      const token = hash();
      await registry.addUser(user());
      await registry.openFamily(family, token);
      return token;
    }

    it('a refresh token works once, and its successor once after it', () =>
      using(async (registry) => {
        const first = await login(registry);
        const [second, third] = [hash(), hash()];
        expect(await registry.useRefreshToken(first, second, NOW, 5)).toEqual({ result: 'used', family });
        expect(await registry.useRefreshToken(second, third, NOW + 1, 5)).toEqual({ result: 'used', family });
        expect(await registry.useRefreshToken(hash(), hash(), NOW, 5)).toEqual({ result: 'invalid' });
      }));

    it('a repeat within the grace period is only refused, and the family stays valid', () =>
      using(async (registry) => {
        const first = await login(registry);
        const second = hash();
        await registry.useRefreshToken(first, second, NOW, 5);
        expect(await registry.useRefreshToken(first, hash(), NOW + 5, 5)).toEqual({ result: 'repeated' });
        expect(await registry.useRefreshToken(second, hash(), NOW + 6, 5)).toMatchObject({ result: 'used' });
      }));

    it('a replay after the grace period is reported, with the family to end, its latest token included', () =>
      using(async (registry) => {
        const first = await login(registry);
        const second = hash();
        await registry.useRefreshToken(first, second, NOW, 5);
        expect(await registry.useRefreshToken(first, hash(), NOW + 6, 5)).toEqual({
          result: 'replayed',
          family,
        });
        await registry.endFamily(family.id);
        expect(await registry.useRefreshToken(second, hash(), NOW + 7, 5)).toEqual({ result: 'invalid' });
        expect(await registry.useRefreshToken(first, hash(), NOW + 8, 5)).toEqual({ result: 'invalid' });
      }));

    it('of 50 concurrent uses over two gateways exactly one succeeds, and its successor is valid', () =>
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

    it('uses that race with the end of the family leave nothing valid and fail in no other way', () =>
      using(async (registry, place) => {
        const gates = [registry, await place.open()];
        for (let round = 0; round < 10; round++) {
          const [token, successor] = [hash(), hash()];
          await registry.addUser(user());
          const { generation } = (await registry.findUser('ada'))!;
          await registry.openFamily({ ...family, generation }, token);
          const [use] = await Promise.all([
            gates[round % 2]!.useRefreshToken(token, successor, NOW, 5),
            round % 3 === 0 ? gates[1]!.endFamily('family') : gates[1]!.deleteUser('ada', NOW, 'tokens'),
          ]);
          expect(['used', 'invalid']).toContain(use.result);
          expect(await registry.findFamily(successor, NOW)).toBeUndefined();
          expect(await registry.findFamily(token, NOW)).toBeUndefined();
        }
      }));

    it('nothing of a family works after its end', () =>
      using(async (registry) => {
        const token = await login(registry);
        expect(await registry.findFamily(token, NOW + 999)).toEqual(family);
        expect(await registry.findFamily(token, NOW + 1000)).toBeUndefined();
        expect(await registry.useRefreshToken(token, hash(), NOW + 1000, 5)).toEqual({ result: 'invalid' });
      }));

    it('a family is found by a token that can still be used, not by a used or an ended one', () =>
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

    it('a family without a user is not opened, nor one of a deleted user', () =>
      using(async (registry) => {
        const token = hash();
        await expect(registry.openFamily(family, token)).rejects.toThrow();
        await registry.addUser(user());
        await registry.deleteUser('ada', NOW, 'tokens');
        await registry.addUser(user());
        await expect(registry.openFamily(family, token)).rejects.toThrow('the user was deleted');
        expect(await registry.findFamily(token, NOW)).toBeUndefined();
      }));
  });
}
