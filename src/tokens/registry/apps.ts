/** The registry's queries for apps. Called by `open.ts`, like the other parts. */
import type { Selectable } from 'kysely';
import type { App, Registry } from './registry.js';
import { recordDeletion } from './revocation-rows.js';
import { bumpRevision } from './revisions.js';
import type { RegistryDatabase, Tables } from './tables.js';
import {
  assertStorable,
  isStorable,
  readHash,
  readOwner,
  readScopes,
  writeHash,
  writeOwner,
  writeScopes,
} from './row-codec.js';

type Apps = Pick<
  Registry,
  'createApp' | 'findApp' | 'findAppBySecret' | 'listApps' | 'deleteApp' | 'rotateSecret'
>;

/** Creates the queries for apps. */
export function createApps(db: RegistryDatabase): Apps {
  const active = db.selectFrom('apps').selectAll().where('deletedAtMs', 'is', null);

  return {
    async createApp({ key, secretHash, name, owner, organization, scopes, createdAtMs }) {
      assertStorable(key, name, organization);
      await db
        .insertInto('apps')
        .values({
          key,
          secretHash: writeHash(secretHash),
          name,
          owner: writeOwner(owner),
          organization: organization ?? null,
          scopes: writeScopes(scopes),
          createdAtMs,
          deletedAtMs: null,
        })
        .execute();
    },

    async findApp(key) {
      if (!isStorable(key)) return undefined;
      return readApp(await active.where('key', '=', key).executeTakeFirst());
    },

    async findAppBySecret(secretHash) {
      return readApp(await active.where('secretHash', '=', writeHash(secretHash)).executeTakeFirst());
    },

    async listApps() {
      const rows = await active.orderBy('createdAtMs').orderBy('key').execute();
      return rows.flatMap((row) => readApp(row) ?? []);
    },

    async deleteApp(key, atMs, issuers) {
      if (!isStorable(key)) return false;
      return db.transaction().execute(async (transaction) => {
        const revision = await bumpRevision(transaction, 'revocations');
        const { numUpdatedRows } = await transaction
          .updateTable('apps')
          .set({ deletedAtMs: atMs, secretHash: null })
          .where('key', '=', key)
          .where('deletedAtMs', 'is', null)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) return false;
        for (const issuer of issuers) await recordDeletion(transaction, revision, { issuer, id: key, atMs });
        return true;
      });
    },

    async rotateSecret(key, secretHash) {
      if (!isStorable(key)) return false;
      const { numUpdatedRows } = await db
        .updateTable('apps')
        .set({ secretHash: writeHash(secretHash) })
        .where('key', '=', key)
        .where('deletedAtMs', 'is', null)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
  };
}

function readApp(row: Selectable<Tables['apps']> | undefined): App | undefined {
  // Only a deleted app has no secret.
  if (!row?.secretHash) return undefined;
  return {
    key: row.key,
    secretHash: readHash(row.secretHash),
    name: row.name,
    owner: readOwner(row.owner),
    organization: row.organization ?? undefined,
    scopes: readScopes(row.scopes),
    createdAtMs: row.createdAtMs,
  };
}
