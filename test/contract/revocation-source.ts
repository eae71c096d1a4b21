/** The contract of every source of revocations, run against each of them. */
import { describe, expect, it } from 'vitest';
import type { Revocation } from '../../src/model/revocation.js';
import { RevokedSet } from '../../src/revocation/revoked-set.js';
import type { Position, RevocationSource } from '../../src/revocation/source.js';
import { revocation } from '../revocation/support.js';

/** Two gateways' views of one source, empty at first. */
export type OpenSources = () => Promise<readonly [RevocationSource, RevocationSource]>;

export interface Snapshot {
  readonly revision: number | undefined;
  readonly revocations: readonly Revocation[];
}

/**
 * The result of all reads, one after the other, as a gateway would know it; times are as exact as the set
 * keeps them.
 */
export class Gate {
  known = new RevokedSet();
  position: Position | undefined;
  /** How often a full read was returned. */
  wholes = 0;
  /** How many changes were returned. */
  changes = 0;

  constructor(readonly source: RevocationSource) {}

  async read(): Promise<Position | 'unavailable'> {
    let fresh: RevokedSet | undefined;
    const found = await this.source.read(this.position, {
      startOver: () => {
        this.wholes += 1;
        fresh = new RevokedSet();
      },
      apply: (changes) => {
        this.changes += changes.length;
        (fresh ?? this.known).apply(changes);
      },
      known: () => this.known.rows(),
    });
    if (found === 'unavailable') return found;
    this.position = found;
    this.known = fresh ?? this.known;
    return found;
  }

  ids(): string[] {
    return [...this.known.rows()].map(({ id }) => id).sort();
  }
}

export async function readAll(source: RevocationSource): Promise<Snapshot> {
  const position = await new Gate(source).read();
  const revocations = await source.list();
  if (position === 'unavailable' || revocations === 'unavailable')
    throw new Error('the source is unavailable');
  return { revision: position.revision, revocations };
}

export function describeRevocationSource(name: string, open: OpenSources): void {
  describe(`the contract of a source of revocations, kept by ${name}`, () => {
    it('what one gateway revokes the other reads, exactly as it was written', async () => {
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

    it('a later revocation of the same id replaces the earlier one', async () => {
      const [one, other] = await open();
      await one.revoke(revocation());
      await other.revoke(revocation({ revokedAtMs: 1_700_000_000_009 }));
      expect((await readAll(one)).revocations).toEqual([revocation({ revokedAtMs: 1_700_000_000_009 })]);
    });

    it('restoring undoes the revocation of an app at that issuer only, once', async () => {
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

    it('a gateway that has read once gets only changes, including undone ones', async () => {
      const [one, other] = await open();
      for (let i = 0; i < 50; i++) await one.revoke(revocation({ id: `app-${i}` }));
      const gate = new Gate(other);
      await gate.read();
      expect([gate.wholes, gate.known.size]).toEqual([1, 50]);
      gate.changes = 0;
      await one.revoke(revocation({ id: 'new' }));
      await one.revoke(revocation({ kind: 'family', id: 'login', endsAtMs: 1_700_000_060_000 }));
      await one.restore('project', 'app-7');
      await gate.read();
      expect(gate.wholes).toBe(1);
      expect(gate.changes).toBeLessThanOrEqual(6);
      expect(gate.known.size).toBe(51);
      expect(gate.ids()).not.toContain('app-7');
      expect([...gate.known.rows()]).toContainEqual(
        revocation({ kind: 'family', id: 'login', endsAtMs: 1_700_000_060_000 }),
      );
      gate.changes = 0;
      await gate.read();
      expect([gate.wholes, gate.changes]).toEqual([1, 0]);
      await one.revoke(revocation({ id: 'app-7' }));
      await gate.read();
      expect(gate.ids()).toContain('app-7');
    });

    it('each change has a new revision, which a read returns, and nothing else has', async () => {
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
