/** The registry's refresh tokens: each works once, and all that descend from one login are a family. */
import type { Selectable } from 'kysely';
import type { RefreshFamily, RefreshUse, Registry } from './registry.js';
import type { RegistryDatabase, Tables } from './tables.js';
import { assertStorable, readScopes, writeHash, writeScopes } from './row-codec.js';

type Families = Pick<Registry, 'openFamily' | 'useRefreshToken' | 'findFamily' | 'endFamily'>;

const INVALID = { result: 'invalid' } as const;
const REPEATED = { result: 'repeated' } as const;

export function createFamilies(db: RegistryDatabase): Families {
  return {
    async openFamily({ id, user, generation, scopes, endsAtMs }, tokenHash) {
      assertStorable(user);
      await db.transaction().execute(async (transaction) => {
        // Of this very user: the name may have been given again since the password was found right.
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('refreshFamilies')
          .columns(['id', 'userName', 'scopes', 'endsAtMs'])
          .expression((query) =>
            query
              .selectFrom('users')
              .select((row) => [
                row.cast<string>(row.val(id), 'text').as('id'),
                'name',
                row.cast<string>(row.val(writeScopes(scopes)), 'text').as('scopes'),
                row.cast<number>(row.val(endsAtMs), 'bigint').as('endsAtMs'),
              ])
              .where('name', '=', user)
              .where('generation', '=', generation),
          )
          .executeTakeFirst();
        if (numInsertedOrUpdatedRows !== 1n) throw new Error('the user is no more');
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
        return { result: 'replayed', family };
      });
    },

    async findFamily(tokenHash, atMs) {
      const row = await db
        .selectFrom('refreshFamilies')
        .innerJoin('refreshTokens', 'refreshTokens.familyId', 'refreshFamilies.id')
        .innerJoin('users', 'users.name', 'refreshFamilies.userName')
        .selectAll('refreshFamilies')
        .select('users.generation')
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
  transaction: RegistryDatabase,
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
  if (row === undefined) return undefined;
  // A family ends with its user, so this one is still the user who logged in.
  const { generation } = await transaction
    .selectFrom('users')
    .select('generation')
    .where('name', '=', row.userName)
    .executeTakeFirstOrThrow();
  return readFamily({ ...row, generation });
}

async function addToken(transaction: RegistryDatabase, familyId: string, hash: string): Promise<void> {
  await transaction.insertInto('refreshTokens').values({ hash, familyId, usedAtMs: null }).execute();
}

/** Its tokens go with it. */
async function endFamily(db: RegistryDatabase, id: string): Promise<void> {
  await db.deleteFrom('refreshFamilies').where('id', '=', id).execute();
}

function readFamily({
  id,
  userName,
  generation,
  scopes,
  endsAtMs,
}: Selectable<Tables['refreshFamilies']> & Pick<RefreshFamily, 'generation'>): RefreshFamily {
  return { id, user: userName, generation, scopes: readScopes(scopes), endsAtMs };
}
