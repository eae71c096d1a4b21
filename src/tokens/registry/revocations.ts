/** The registry's revocations: what deletions have left behind, and the kill switch. */
import type { Registry, Revocation } from './registry.js';
import { readRevision, takeTurn } from './revisions.js';
import type { Database, RevocationTable } from './tables.js';
import { assertStorable, isStorable } from './text.js';

type Revocations = Pick<Registry, 'revoke' | 'restore' | 'revocations' | 'revision'>;

const EVERY_ISSUER = '';

export function createRevocations(db: Database): Revocations {
  return {
    async revoke(revocation) {
      assertStorable(revocation.issuer, revocation.id);
      await db.transaction().execute(async (transaction) => {
        await takeTurn(transaction, 'revocations');
        // As `recordDeletion` says.
        if (revocation.cause === 'revoked' && (await isDeleted(transaction, revocation))) return;
        await record(transaction, revocation);
      });
    },

    async restore(issuer = EVERY_ISSUER, app) {
      if (!isStorable(issuer) || !isStorable(app)) return false;
      return db.transaction().execute(async (transaction) => {
        await takeTurn(transaction, 'revocations');
        return removeRevoked(transaction, issuer, app);
      });
    },

    async revocations(atMs) {
      const rows = await db
        .selectFrom('revocations')
        .selectAll()
        .where((row) => row.or([row('endsAtMs', 'is', null), row('endsAtMs', '>', atMs)]))
        .orderBy('revokedAtMs')
        .orderBy('id')
        .execute();
      return strictest(rows).map(read);
    },

    revision: () => readRevision(db),
  };
}

/**
 * Refuses the tokens of an app, or of a user, that is no more.
 * @param issuedBeforeMs for a user, whose name may be given again: only tokens issued before this are refused
 */
export async function recordDeletion(
  transaction: Database,
  of: {
    readonly issuer: string;
    readonly id: string;
    readonly atMs: number;
    readonly issuedBeforeMs?: number;
  },
): Promise<void> {
  const { issuer, id, atMs: revokedAtMs, issuedBeforeMs } = of;
  await record(transaction, {
    kind: 'app',
    issuer,
    id,
    revokedAtMs,
    issuedBeforeMs,
    endsAtMs: undefined,
    cause: 'deleted',
  });
  // It adds nothing to a deletion of everything, and undoing it would undo nothing.
  if (issuedBeforeMs === undefined) await removeRevoked(transaction, issuer, id);
}

async function removeRevoked(transaction: Database, issuer: string, app: string): Promise<boolean> {
  const { numDeletedRows } = await transaction
    .deleteFrom('revocations')
    .where('kind', '=', 'app')
    .where('issuer', '=', issuer)
    .where('id', '=', app)
    .where('cause', '=', 'revoked')
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

async function record(transaction: Database, revocation: Revocation): Promise<void> {
  const { kind, issuer = EVERY_ISSUER, id, cause, revokedAtMs } = revocation;
  const what = {
    revokedAtMs,
    issuedBeforeMs: revocation.issuedBeforeMs ?? null,
    endsAtMs: revocation.endsAtMs ?? null,
  };
  await transaction
    .insertInto('revocations')
    .values({ kind, issuer, id, cause, ...what })
    .onConflict((conflict) => conflict.columns(['kind', 'issuer', 'id', 'cause']).doUpdateSet(what))
    .execute();
}

async function isDeleted(
  transaction: Database,
  { kind, issuer = EVERY_ISSUER, id }: Revocation,
): Promise<boolean> {
  const row = await transaction
    .selectFrom('revocations')
    .select('id')
    .where('kind', '=', kind)
    .where('issuer', '=', issuer)
    .where('id', '=', id)
    .where('cause', '=', 'deleted')
    .where('issuedBeforeMs', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}

/** Of a deletion and a revocation of the same id, the one that refuses more tokens. */
function strictest(rows: readonly RevocationTable[]): readonly RevocationTable[] {
  const found = new Map<string, RevocationTable>();
  for (const row of rows) {
    const key = JSON.stringify([row.kind, row.issuer, row.id]);
    if (found.get(key)?.issuedBeforeMs !== null) found.set(key, row);
  }
  return [...found.values()];
}

function read({
  kind,
  issuer,
  id,
  cause,
  revokedAtMs,
  issuedBeforeMs,
  endsAtMs,
}: RevocationTable): Revocation {
  return {
    kind,
    issuer: issuer === EVERY_ISSUER ? undefined : issuer,
    id,
    revokedAtMs,
    issuedBeforeMs: issuedBeforeMs ?? undefined,
    endsAtMs: endsAtMs ?? undefined,
    cause,
  };
}
