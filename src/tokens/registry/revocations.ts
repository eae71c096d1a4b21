/** The registry's queries for revocations, including those of deleted apps and users. */
import type { ExpressionBuilder } from 'kysely';
import type { Registry, Revocation } from './registry.js';
import { readRevision, bumpRevision } from './revisions.js';
import {
  EVERY_ISSUER,
  KEY,
  readChange,
  readRow,
  record,
  refusesAll,
  removeRevoked,
} from './revocation-rows.js';
import type { RegistryDatabase, RevocationTable, Tables } from './tables.js';
import { assertStorable, isStorable } from './row-codec.js';

type Revocations = Pick<
  Registry,
  'revoke' | 'restore' | 'revocations' | 'revision' | 'revocationChanges' | 'revocationPage'
>;

/** How many rows one query reads: SQLite blocks the event loop for about two milliseconds meanwhile. */
const PAGE = 1000;

/** Creates the queries for revocations. */
export function createRevocationQueries(db: RegistryDatabase, pageSize = PAGE): Revocations {
  return {
    async revoke(revocation) {
      assertStorable(revocation.issuer, revocation.id);
      await db.transaction().execute(async (transaction) => {
        const revision = await bumpRevision(transaction, 'revocations');
        // A deletion already refuses every token; see `recordDeletion`.
        if (revocation.cause === 'revoked' && (await isDeleted(transaction, revocation))) return;
        await record(transaction, revision, revocation);
      });
    },

    async restore(issuer = EVERY_ISSUER, app, atMs) {
      if (!isStorable(issuer) || !isStorable(app)) return false;
      return db.transaction().execute(async (transaction) => {
        const revision = await bumpRevision(transaction, 'revocations');
        return removeRevoked(transaction, revision, { issuer, app, atMs });
      });
    },

    async revocations(atMs) {
      const rows = await db
        .selectFrom('revocations')
        .selectAll()
        .where((row) => isInForce(row, atMs))
        .orderBy('revokedAtMs')
        .orderBy('id')
        .execute();
      return strictestOf(rows).map(readRow);
    },

    revision: () => readRevision(db, 'revocations'),

    async revocationChanges(since) {
      const rows = await db
        .selectFrom('revocations')
        .selectAll()
        .where('revision', '>', since)
        .orderBy('revision')
        .limit(pageSize)
        .execute();
      // This is read after the rows, so that it includes every removal that was deleted before they were read.
      if ((await readRevision(db, 'sweptRevocations')) > since) return undefined;
      const last = rows.at(-1)?.revision ?? since;
      if (rows.length < pageSize) return { changes: rows.map(readChange), upTo: last, isLast: true };
      // A revision may have several rows. The rest of the last revision's rows are on the next page.
      const whole = rows.filter(({ revision }) => revision < last);
      if (whole.length === 0) return undefined;
      return { changes: whole.map(readChange), upTo: last - 1, isLast: false };
    },

    async revocationPage(atMs, after) {
      // The query uses the key only. Otherwise PostgreSQL may choose another index and sort all rows each time.
      let query = db.selectFrom('revocations').selectAll();
      if (after) {
        const { kind, issuer = EVERY_ISSUER, id, cause } = after;
        query = query.where((row) => row(row.refTuple(...KEY), '>', row.tuple(kind, issuer, id, cause)));
      }
      const rows = await query
        .orderBy('kind')
        .orderBy('issuer')
        .orderBy('id')
        .orderBy('cause')
        .limit(pageSize)
        .execute();
      const inForce = rows.filter(
        ({ removedAtMs, endsAtMs }) => removedAtMs === null && (endsAtMs === null || endsAtMs > atMs),
      );
      const last = rows.at(-1);
      return {
        revocations: inForce.map(readRow),
        next: rows.length < pageSize || !last ? undefined : readRow(last),
      };
    },
  };
}

/** The condition for revocations in force at the time. */
function isInForce(row: ExpressionBuilder<Tables, 'revocations'>, atMs: number) {
  return row.and([
    row('removedAtMs', 'is', null),
    row.or([row('endsAtMs', 'is', null), row('endsAtMs', '>', atMs)]),
  ]);
}

async function isDeleted(
  transaction: RegistryDatabase,
  { kind, issuer = EVERY_ISSUER, id }: Revocation,
): Promise<boolean> {
  const row = await transaction
    .selectFrom('revocations')
    .selectAll()
    .where('kind', '=', kind)
    .where('issuer', '=', issuer)
    .where('id', '=', id)
    .where('cause', '=', 'deleted')
    .executeTakeFirst();
  return row !== undefined && refusesAll(row);
}

/** Keeps, of a deletion and a revocation of the same id, the one that refuses more tokens. */
function strictestOf(rows: readonly RevocationTable[]): readonly RevocationTable[] {
  const found = new Map<string, RevocationTable>();
  for (const row of rows) {
    const key = JSON.stringify([row.kind, row.issuer, row.id]);
    const other = found.get(key);
    if (!other || !refusesAll(other)) found.set(key, row);
  }
  return [...found.values()];
}
