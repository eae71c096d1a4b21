/** The registry's queries for apps. Called by `open.ts`, like the other parts. */
import type { Selectable } from 'kysely';
import type { App, AppCheck, NewApp, Registry } from './registry.js';
import { recordChange, recordDeletion } from './revocation-rows.js';
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
  'createApp' | 'findApp' | 'findAppBySecret' | 'listApps' | 'updateApp' | 'deleteApp' | 'rotateSecret'
>;

const ANY: AppCheck = () => true;

/** Creates the queries for apps. */
export function createApps(db: RegistryDatabase): Apps {
  return {
    createApp: (app) => insertApp(db, app),

    findApp: (key) => findApp(db, key),

    async findAppBySecret(secretHash, atMs) {
      const hash = writeHash(secretHash);
      const query = active(db).where((app) =>
        app.or([
          app('secretHash', '=', hash),
          app.and([app('previousSecretHash', '=', hash), app('previousUntilMs', '>', atMs)]),
        ]),
      );
      return readApp(await query.executeTakeFirst());
    },

    async listApps() {
      const rows = await active(db).orderBy('createdAtMs').orderBy('key').execute();
      return rows.flatMap((row) => readApp(row) ?? []);
    },

    async updateApp(key, decide, atMs, issuers) {
      return db.transaction().execute(async (transaction) => {
        // Changes of apps wait for each other here, so what is read next stays valid.
        const revision = await bumpRevision(transaction, 'revocations');
        const app = await findApp(transaction, key);
        const change = app && decide(app);
        if (app === undefined || change === undefined) return undefined;
        const { name, organization, scopes, endsTokens } = change;
        assertStorable(name, organization);
        const generation = endsTokens ? app.generation + 1 : app.generation;
        await transaction
          .updateTable('apps')
          .set({ name, organization: organization ?? null, scopes: writeScopes(scopes), generation })
          .where('key', '=', key)
          .execute();
        if (endsTokens) {
          const ended = { id: key, atMs, generation: app.generation };
          for (const issuer of issuers) await recordChange(transaction, revision, { issuer, ...ended });
        }
        return { ...app, name, organization, scopes, generation };
      });
    },

    async deleteApp(key, atMs, issuers, check = ANY) {
      return db.transaction().execute(async (transaction) => {
        const revision = await bumpRevision(transaction, 'revocations');
        const app = await findApp(transaction, key);
        if (app === undefined || !check(app)) return false;
        await transaction
          .updateTable('apps')
          .set({ deletedAtMs: atMs, secretHash: null, previousSecretHash: null, previousUntilMs: null })
          .where('key', '=', key)
          .execute();
        for (const issuer of issuers) await recordDeletion(transaction, revision, { issuer, id: key, atMs });
        return true;
      });
    },

    async rotateSecret(key, secretHash, previousUntilMs, check = ANY) {
      return db.transaction().execute(async (transaction) => {
        const app = await lockApp(transaction, key);
        if (app === undefined || !check(app)) return false;
        const previousSecretHash = previousUntilMs === undefined ? null : writeHash(app.secretHash);
        await transaction
          .updateTable('apps')
          .set({
            secretHash: writeHash(secretHash),
            previousSecretHash,
            previousUntilMs: previousUntilMs ?? null,
          })
          .where('key', '=', key)
          .execute();
        return true;
      });
    },
  };
}

async function insertApp(db: RegistryDatabase, app: NewApp): Promise<void> {
  assertStorable(app.key, app.name, app.organization);
  await db.insertInto('apps').values(writeApp(app)).execute();
}

/** Apps that are not deleted. */
function active(db: RegistryDatabase) {
  return db.selectFrom('apps').selectAll().where('deletedAtMs', 'is', null);
}

async function findApp(db: RegistryDatabase, key: string): Promise<App | undefined> {
  if (!isStorable(key)) return undefined;
  return readApp(await active(db).where('key', '=', key).executeTakeFirst());
}

/** Finds an app and locks its row. An update without a change is the lock that both databases have. */
async function lockApp(transaction: RegistryDatabase, key: string): Promise<App | undefined> {
  if (!isStorable(key)) return undefined;
  const row = await transaction
    .updateTable('apps')
    .set((app) => ({ name: app.ref('name') }))
    .where('key', '=', key)
    .where('deletedAtMs', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return readApp(row);
}

function writeApp({ key, secretHash, name, owner, organization, scopes, createdAtMs }: NewApp) {
  return {
    key,
    secretHash: writeHash(secretHash),
    name,
    owner: writeOwner(owner),
    organization: organization ?? null,
    scopes: writeScopes(scopes),
    createdAtMs,
    deletedAtMs: null,
    previousSecretHash: null,
    previousUntilMs: null,
    generation: 0,
    lastUsedAtMs: null,
  };
}

function readApp(row: Selectable<Tables['apps']> | undefined): App | undefined {
  // Only a deleted app has no secret.
  if (!row?.secretHash) return undefined;
  const { previousSecretHash, previousUntilMs } = row;
  return {
    key: row.key,
    secretHash: readHash(row.secretHash),
    name: row.name,
    owner: readOwner(row.owner),
    organization: row.organization ?? undefined,
    scopes: readScopes(row.scopes),
    createdAtMs: row.createdAtMs,
    previousSecret:
      previousSecretHash === null || previousUntilMs === null
        ? undefined
        : { hash: readHash(previousSecretHash), untilMs: previousUntilMs },
    generation: row.generation,
    lastUsedAtMs: row.lastUsedAtMs ?? undefined,
  };
}
