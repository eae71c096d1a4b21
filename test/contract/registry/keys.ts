/** The contract of a registry: signing keys and the pepper. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { hash, NOW, signingKey, type Using } from './samples.js';

export function describeKeys(name: string, using: Using): void {
  describe(`the contract of a registry, kept in ${name}: signing keys and the pepper`, () => {
    it('keys are listed oldest first, exactly as added, while they are published', () =>
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

    it('of many gateways that add a key at once exactly one does, and only its plan is stored', () =>
      using(async (registry, place) => {
        const gates = [registry, await place.open()];
        const first = await Promise.all(gates.map((gate) => gate.addSigningKey(signingKey(), [])));
        expect(first.filter(Boolean)).toHaveLength(1);
        const [known] = await registry.signingKeys(NOW);
        const added = await Promise.all(
          Array.from({ length: 10 }, (_, i) =>
            gates[i % 2]!.addSigningKey(signingKey({ signsFromMs: NOW + 1 + i }), [known!.kid], {
              kid: known!.kid,
              signsUntilMs: NOW + 1 + i,
              publishedUntilMs: undefined,
            }),
          ),
        );
        expect(added.filter(Boolean)).toHaveLength(1);
        const winner = NOW + 1 + added.indexOf(true);
        expect(await registry.signingKeys(NOW)).toMatchObject([
          { signsUntilMs: winner },
          { signsFromMs: winner },
        ]);
      }));

    it('the pepper is created once, by the first gateway that needs it', () =>
      using(async (registry, place) => {
        const gates = [registry, ...(await Promise.all(Array.from({ length: 7 }, () => place.open())))];
        // Connections that are open already, so that the transactions overlap.
        await Promise.all(gates.map((gate) => gate.revision()));
        const peppers = await Promise.all(
          gates.map(async (gate, index) => {
            // Some begin while another gateway's transaction is about to commit.
            await sleep(index);
            return gate.pepper(hash);
          }),
        );
        expect(peppers[0]).toHaveLength(32);
        for (const pepper of [...peppers, await registry.pepper(hash)]) expect(pepper).toEqual(peppers[0]);
      }));

    it('another pepper than the first is detected, whichever gateway had it first', () =>
      using(async (registry, place) => {
        const [own, other] = [hash(), hash()];
        expect(await registry.pepper(hash, own)).toEqual(own);
        const second = await place.open();
        expect(await second.pepper(hash, own)).toEqual(own);
        expect(await second.pepper(hash, other)).toBeUndefined();
        expect(await second.pepper(hash)).toBeUndefined();
        expect(await registry.pepper(hash, own)).toEqual(own);
      }));

    it('a pepper that is configured later, beside the generated one, is another', () =>
      using(async (registry) => {
        const made = await registry.pepper(hash);
        expect(await registry.pepper(hash, hash())).toBeUndefined();
        expect(await registry.pepper(hash, made)).toEqual(made);
      }));

    it('private keys are replaced only if they are unchanged', () =>
      using(async (registry) => {
        const key = signingKey({ privateKey: 'plain' });
        await registry.addSigningKey(key, []);
        await registry.replacePrivateKeys([{ kid: key.kid, before: 'other', after: 'lost' }]);
        expect(await registry.signingKeys(NOW)).toMatchObject([{ privateKey: 'plain' }]);
        await registry.replacePrivateKeys([{ kid: key.kid, before: 'plain', after: 'sealed' }]);
        expect(await registry.signingKeys(NOW)).toEqual([{ ...key, privateKey: 'sealed' }]);
      }));
  });
}
