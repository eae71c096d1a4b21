/** The contract of a registry: users. */
import { describe, expect, it } from 'vitest';
import { hash, NOW, revocation, user, type Using } from './samples.js';

export function describeUsers(name: string, using: Using): void {
  describe(`the contract of a registry, kept in ${name}: users`, () => {
    it('a user is found and listed exactly as added, and a name that is taken is refused', () =>
      using(async (registry) => {
        const ada = user({ organization: 'Analytical Engines', createdAtMs: NOW + 1 });
        const grace = user({ name: 'grace', scopes: [], generation: 2 });
        expect(await registry.addUser(ada)).toBe(true);
        expect(await registry.addUser(grace)).toBe(true);
        expect(await registry.addUser(user({ passwordHash: 'other' }))).toBe(false);
        expect(await registry.findUser('ada')).toEqual(ada);
        expect(await registry.findUser('Ada')).toBeUndefined();
        expect(await registry.listUsers()).toEqual([grace, ada]);
      }));

    it('deleting a user ends the families and refuses the tokens issued so far; the name is free again', () =>
      using(async (registry) => {
        const token = hash();
        await registry.addUser(user());
        await registry.openFamily(
          { id: 'f', user: 'ada', generation: 1, scopes: [], endsAtMs: NOW + 1000 },
          token,
        );
        expect(await registry.deleteUser('ada', NOW + 5, 'tokens')).toBe(true);
        expect(await registry.findUser('ada')).toBeUndefined();
        expect(await registry.revocations(NOW + 5)).toEqual([
          revocation({ id: 'ada', revokedAtMs: NOW + 5, generation: 1, cause: 'deleted' }),
        ]);
        expect(await registry.addUser(user())).toBe(true);
        expect(await registry.findUser('ada')).toMatchObject({ generation: 2 });
        expect(await registry.useRefreshToken(token, hash(), NOW + 10, 0)).toEqual({ result: 'invalid' });
        expect(await registry.deleteUser('ada', NOW + 20, 'tokens')).toBe(true);
        expect(await registry.revocations(NOW + 20)).toMatchObject([{ generation: 2 }]);
        expect(await registry.deleteUser('ada', NOW + 30, 'tokens')).toBe(false);
      }));
  });
}
