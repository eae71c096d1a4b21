/** The registry's signing keys, and the pepper. */
import type { Selectable } from 'kysely';
import type { Registry, SigningKey } from './registry.js';
import { takeTurn } from './revisions.js';
import type { Database, Tables } from './tables.js';
import { readHash, writeHash } from './text.js';

type Keys = Pick<Registry, 'signingKeys' | 'addSigningKey' | 'pepper'>;

export function createKeys(db: Database): Keys {
  return {
    async signingKeys(atMs) {
      const rows = await published(db, atMs).orderBy('createdAtMs').orderBy('signsFromMs').execute();
      return rows.map(readKey);
    },

    addSigningKey(key, knownKids, predecessor) {
      return db.transaction().execute(async (transaction) => {
        await takeTurn(transaction, 'signingKeys');
        const present = await published(transaction, key.createdAtMs).execute();
        if (!present.every(({ kid }) => knownKids.includes(kid))) return false;
        await transaction
          .insertInto('signingKeys')
          .values({
            ...key,
            signsUntilMs: key.signsUntilMs ?? null,
            publishedUntilMs: key.publishedUntilMs ?? null,
          })
          .execute();
        if (predecessor !== undefined) {
          const { kid, signsUntilMs, publishedUntilMs = null } = predecessor;
          await transaction
            .updateTable('signingKeys')
            .set({ signsUntilMs, publishedUntilMs })
            .where('kid', '=', kid)
            .execute();
        }
        return true;
      });
    },

    async pepper(random) {
      await db
        .insertInto('secrets')
        .values({ name: 'pepper', value: writeHash(random()) })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .execute();
      const { value } = await db
        .selectFrom('secrets')
        .select('value')
        .where('name', '=', 'pepper')
        .executeTakeFirstOrThrow();
      return readHash(value);
    },
  };
}

function published(db: Database, atMs: number) {
  return db
    .selectFrom('signingKeys')
    .selectAll()
    .where((key) => key.or([key('publishedUntilMs', 'is', null), key('publishedUntilMs', '>', atMs)]));
}

function readKey(row: Selectable<Tables['signingKeys']>): SigningKey {
  return {
    ...row,
    signsUntilMs: row.signsUntilMs ?? undefined,
    publishedUntilMs: row.publishedUntilMs ?? undefined,
  };
}
