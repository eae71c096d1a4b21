/** What every keeper of revocations promises, run over each of them. */
import { describe, expect, test } from 'vitest';
import type { RevocationSource, Snapshot } from '../../src/revocation/source.js';
import { revocation } from '../revocation/support.js';

/** Two gates' views of one keeper, empty at first. */
export type OpenSources = () => Promise<readonly [RevocationSource, RevocationSource]>;

export async function readAll(source: RevocationSource): Promise<Snapshot> {
  const snapshot = await source.read();
  if (snapshot === 'away') throw new Error('the source is away');
  return snapshot;
}

export function describeRevocationSource(name: string, open: OpenSources): void {
  describe(`the contract of a source of revocations, kept by ${name}`, () => {
    test('what one gate revokes the other reads, just as it was written', async () => {
      const [one, other] = await open();
      const all = [
        revocation(),
        revocation({ issuer: undefined, revokedAtMs: 1_700_000_000_001 }),
        revocation({ kind: 'token', id: '["ä",null]', revokedAtMs: 1_700_000_000_002 }),
        revocation({ id: 'ada', issuedBeforeMs: 5, revokedAtMs: 1_700_000_000_003, cause: 'deleted' }),
        revocation({ id: 'later', endsAtMs: 9e15, revokedAtMs: 1_700_000_000_004 }),
      ];
      for (const each of all) expect(await one.revoke(each)).toBe('done');
      const { revocations } = await readAll(other);
      expect([...revocations].sort((a, b) => a.revokedAtMs - b.revokedAtMs)).toEqual(all);
    });

    test('a later revocation of the same replaces the one before', async () => {
      const [one, other] = await open();
      await one.revoke(revocation());
      await other.revoke(revocation({ revokedAtMs: 1_700_000_000_009 }));
      expect((await readAll(one)).revocations).toEqual([revocation({ revokedAtMs: 1_700_000_000_009 })]);
    });

    test('restoring undoes the revocation of an app at that issuer alone, once', async () => {
      const [one, other] = await open();
      const rest = [revocation({ issuer: 'partner' }), revocation({ kind: 'token' })];
      for (const each of [revocation(), ...rest]) await one.revoke(each);
      expect(await other.restore(undefined, 'app-1')).toBe(false);
      expect(await other.restore('project', 'app-1')).toBe(true);
      expect(await one.restore('project', 'app-1')).toBe(false);
      const { revocations } = await readAll(one);
      expect(revocations).toHaveLength(2);
      for (const each of rest) expect(revocations).toContainEqual(each);
    });

    test('each change has a revision that was never before, which a reading tells, and nothing else has', async () => {
      const [one, other] = await open();
      const seen = [await one.revision()];
      const changes = [
        () => one.revoke(revocation()),
        () => other.revoke(revocation({ id: 'app-2' })),
        () => other.restore('project', 'app-1'),
      ];
      for (const change of changes) {
        await change();
        const revision = await one.revision();
        expect(seen).not.toContain(revision);
        seen.push(revision);
        expect(await other.revision()).toBe(revision);
        expect((await readAll(other)).revision).toBe(revision);
      }
      expect(await one.revision()).toBe(seen.at(-1));
    });
  });
}
