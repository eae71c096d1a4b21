/** The registry's users: the people of the password endpoint and of the console. */
import type { Selectable } from 'kysely';
import type { Registry, User } from './registry.js';
import { recordDeletion } from './revocations.js';
import { takeTurn } from './revisions.js';
import type { Database, Tables } from './tables.js';
import { assertStorable, isStorable, readScopes, writeScopes } from './text.js';

type Users = Pick<Registry, 'addUser' | 'findUser' | 'listUsers' | 'deleteUser'>;

export function createUsers(db: Database): Users {
  return {
    async addUser({ name, passwordHash, scopes, organization, createdAtMs }) {
      assertStorable(name, organization);
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('users')
        .values({
          name,
          passwordHash,
          scopes: writeScopes(scopes),
          organization: organization ?? null,
          createdAtMs,
        })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows === 1n;
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
        await takeTurn(transaction, 'revocations');
        // The families go with it, and the refresh tokens with them.
        const { numDeletedRows } = await transaction
          .deleteFrom('users')
          .where('name', '=', name)
          .executeTakeFirst();
        if (numDeletedRows === 0n) return false;
        // A token that was issued in this very millisecond is one of the deleted user.
        await recordDeletion(transaction, { issuer, id: name, atMs, issuedBeforeMs: atMs + 1 });
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
}: Selectable<Tables['users']>): User {
  return {
    name,
    passwordHash,
    scopes: readScopes(scopes),
    organization: organization ?? undefined,
    createdAtMs,
  };
}
