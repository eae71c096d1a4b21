/** The registry's queries for users: the people who log in at the password endpoint and the console. */
import type { Selectable } from 'kysely';
import type { Registry, User } from './registry.js';
import { recordDeletion } from './revocation-rows.js';
import { bumpRevision } from './revisions.js';
import type { RegistryDatabase, Tables } from './tables.js';
import { assertStorable, isStorable, readScopes, writeScopes } from './row-codec.js';

type Users = Pick<Registry, 'addUser' | 'findUser' | 'listUsers' | 'deleteUser'>;

/** Creates the queries for users. */
export function createUsers(db: RegistryDatabase): Users {
  return {
    async addUser({ name, passwordHash, scopes, organization, createdAtMs }) {
      assertStorable(name, organization);
      return db.transaction().execute(async (transaction) => {
        // A counter is needed: the previous user of the name may be deleted by a transaction that has just committed.
        const generation = await bumpRevision(transaction, 'users');
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('users')
          .values({
            name,
            passwordHash,
            scopes: writeScopes(scopes),
            organization: organization ?? null,
            createdAtMs,
            generation,
          })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .executeTakeFirst();
        return numInsertedOrUpdatedRows === 1n;
      });
    },

    async findUser(name) {
      if (!isStorable(name)) return undefined;
      const row = await db.selectFrom('users').selectAll().where('name', '=', name).executeTakeFirst();
      return row && readUser(row);
    },

    async listUsers() {
      const rows = await db.selectFrom('users').selectAll().orderBy('createdAtMs').orderBy('name').execute();
      return rows.map(readUser);
    },

    async deleteUser(name, atMs, issuer) {
      if (!isStorable(name)) return false;
      return db.transaction().execute(async (transaction) => {
        const revision = await bumpRevision(transaction, 'revocations');
        // The foreign keys delete the user's families and their refresh tokens too.
        const deleted = await transaction
          .deleteFrom('users')
          .where('name', '=', name)
          .returning('generation')
          .executeTakeFirst();
        if (deleted === undefined) return false;
        await recordDeletion(transaction, revision, {
          issuer,
          id: name,
          atMs,
          generation: deleted.generation,
        });
        return true;
      });
    },
  };
}

function readUser({
  name,
  passwordHash,
  scopes,
  organization,
  createdAtMs,
  generation,
}: Selectable<Tables['users']>): User {
  return {
    name,
    passwordHash,
    scopes: readScopes(scopes),
    organization: organization ?? undefined,
    createdAtMs,
    generation,
  };
}
