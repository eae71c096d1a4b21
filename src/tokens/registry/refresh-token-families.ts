/** The registry's queries for refresh tokens. Each works once; all that descend from one login are a family. */
import type { Selectable } from 'kysely';
import type { RefreshFamily, RefreshUse, Registry } from './registry.js';
import type { RegistryDatabase, Tables } from './tables.js';
import { assertStorable, readScopes, writeHash, writeScopes } from './row-codec.js';

type Families = Pick<Registry, 'openFamily' | 'useRefreshToken' | 'findFamily' | 'endFamily'>;

const INVALID = { result: 'invalid' } as const;
const REPEATED = { result: 'repeated' } as const;

/** Creates the queries for refresh tokens. */
export function createFamilies(db: RegistryDatabase): Families {
  return {
    async openFamily({ id, user, generation, scopes, endsAtMs }, tokenHash) {
      assertStorable(user);
      await db.transaction().execute(async (transaction) => {
        // Only for this generation: the name may have been reused since the password was verified.
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
        if (numInsertedOrUpdatedRows !== 1n) throw new Error('the user was deleted');
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
 * Finds the unexpired family of a token and locks its row, so that other changes to the family wait. An update without
 * a change is the lock that both databases have.
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
  // A family is deleted with its user, so this user is still the one that logged in.
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

/** Deletes a family. The foreign key deletes its tokens too. */
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
