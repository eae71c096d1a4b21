/** The registry's queries for signing keys and the pepper. */
import type { Selectable } from 'kysely';
import { fingerprintOf } from '../secrets.js';
import type { Registry, SigningKey } from './registry.js';
import { bumpRevision } from './revisions.js';
import type { RegistryDatabase, Tables } from './tables.js';
import { readHash, writeHash } from './row-codec.js';

type Keys = Pick<Registry, 'signingKeys' | 'addSigningKey' | 'replacePrivateKeys' | 'pepper'>;

/** Creates the queries for signing keys and the pepper. */
export function createKeys(db: RegistryDatabase): Keys {
  return {
    async signingKeys(atMs) {
      const rows = await published(db, atMs).orderBy('createdAtMs').orderBy('signsFromMs').execute();
      return rows.map(readKey);
    },

    addSigningKey(key, knownKids, predecessor) {
      return db.transaction().execute(async (transaction) => {
        await bumpRevision(transaction, 'signingKeys');
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

    async replacePrivateKeys(replacements) {
      await db.transaction().execute(async (transaction) => {
        await bumpRevision(transaction, 'signingKeys');
        for (const { kid, before, after } of replacements) {
          await transaction
            .updateTable('signingKeys')
            .set({ privateKey: after })
            .where('kid', '=', kid)
            .where('privateKey', '=', before)
            .execute();
        }
      });
    },

    pepper(random, given) {
      return db.transaction().execute(async (transaction) => {
        // In this order: another gateway stores both in one transaction, which may commit between the two reads.
        const recorded = await readSecret(transaction, 'pepperFingerprint');
        const own = await readSecret(transaction, 'pepper');
        // The pepper was given before, so the registry has only its fingerprint.
        if (given === undefined && own === undefined && recorded !== undefined) return undefined;
        const pepper = given ?? (await storeSecretOnce(transaction, 'pepper', random()));
        const fingerprint = fingerprintOf(pepper);
        const first = await storeSecretOnce(transaction, 'pepperFingerprint', fingerprint);
        return writeHash(first) === writeHash(fingerprint) ? pepper : undefined;
      });
    },
  };
}

type SecretName = Tables['secrets']['name'];

async function readSecret(db: RegistryDatabase, name: SecretName): Promise<Uint8Array | undefined> {
  const row = await db.selectFrom('secrets').select('value').where('name', '=', name).executeTakeFirst();
  return row && readHash(row.value);
}

/** Stores a secret unless its name exists. Returns the stored one. */
async function storeSecretOnce(
  db: RegistryDatabase,
  name: SecretName,
  value: Uint8Array,
): Promise<Uint8Array> {
  await db
    .insertInto('secrets')
    .values({ name, value: writeHash(value) })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  return (await readSecret(db, name)) ?? value;
}

function published(db: RegistryDatabase, atMs: number) {
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
