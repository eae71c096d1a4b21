/** The registry's refresh tokens: each works once, and all that descend from one login are a family. */
import type { Selectable } from 'kysely';
import type { RefreshFamily, RefreshUse, Registry } from './registry.js';
import type { Database, Tables } from './tables.js';
import { assertStorable, readScopes, writeHash, writeScopes } from './text.js';

type Families = Pick<Registry, 'openFamily' | 'useRefreshToken' | 'findFamily' | 'endFamily'>;

const INVALID = { result: 'invalid' } as const;
const REPEATED = { result: 'repeated' } as const;

export function createFamilies(db: Database): Families {
  return {
    async openFamily({ id, user, scopes, endsAtMs }, tokenHash) {
      assertStorable(user);
      await db.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('refreshFamilies')
          .values({ id, userName: user, scopes: writeScopes(scopes), endsAtMs })
          .execute();
        await addToken(transaction, id, writeHash(tokenHash));
      });
    },

    useRefreshToken(tokenHash, successorHash, atMs, graceMs) {
      const hash = writeHash(tokenHash);
      return db.transaction().execute(async (transaction): Promise<RefreshUse> => {
        const family = await lockFamily(transaction, hash, atMs);
        if (family === undefined) return INVALID;
        const { usedAtMs } = await transaction
          .selectFrom('refreshTokens')
          .select('usedAtMs')
          .where('hash', '=', hash)
          .executeTakeFirstOrThrow();
        if (usedAtMs === null) {
          await transaction
            .updateTable('refreshTokens')
            .set({ usedAtMs: atMs })
            .where('hash', '=', hash)
            .execute();
          await addToken(transaction, family.id, writeHash(successorHash));
          return { result: 'used', family };
        }
        if (atMs - usedAtMs <= graceMs) return REPEATED;
        await endFamily(transaction, family.id);
        return { result: 'replayed', family };
      });
    },

    async findFamily(tokenHash, atMs) {
      const row = await db
        .selectFrom('refreshFamilies')
        .innerJoin('refreshTokens', 'refreshTokens.familyId', 'refreshFamilies.id')
        .selectAll('refreshFamilies')
        .where('refreshTokens.hash', '=', writeHash(tokenHash))
        .where('refreshTokens.usedAtMs', 'is', null)
        .where('refreshFamilies.endsAtMs', '>', atMs)
        .executeTakeFirst();
      return row && readFamily(row);
    },

    endFamily: (id) => endFamily(db, id),
  };
}

/**
 * Finds the living family of a token and locks its row, so that whatever else happens to the family waits. A change
 * that changes nothing is the lock that both databases have.
 */
async function lockFamily(
  transaction: Database,
  hash: string,
  atMs: number,
): Promise<RefreshFamily | undefined> {
  const row = await transaction
    .updateTable('refreshFamilies')
    .set((family) => ({ endsAtMs: family.ref('endsAtMs') }))
    .where('id', '=', (query) =>
      query.selectFrom('refreshTokens').select('familyId').where('hash', '=', hash),
    )
    .where('endsAtMs', '>', atMs)
    .returningAll()
    .executeTakeFirst();
  return row && readFamily(row);
}

async function addToken(transaction: Database, familyId: string, hash: string): Promise<void> {
  await transaction.insertInto('refreshTokens').values({ hash, familyId, usedAtMs: null }).execute();
}

/** Its tokens go with it. */
async function endFamily(db: Database, id: string): Promise<void> {
  await db.deleteFrom('refreshFamilies').where('id', '=', id).execute();
}

function readFamily({
  id,
  userName,
  scopes,
  endsAtMs,
}: Selectable<Tables['refreshFamilies']>): RefreshFamily {
  return { id, user: userName, scopes: readScopes(scopes), endsAtMs };
}
