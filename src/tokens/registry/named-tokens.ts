/** The registry's queries for named tokens. */
import type { Selectable } from 'kysely';
import type { NamedToken, Registry } from './registry.js';
import type { RegistryDatabase, Tables } from './tables.js';
import { assertStorable, isStorable } from './row-codec.js';

type NamedTokens = Pick<Registry, 'addNamedToken' | 'findNamedToken' | 'listNamedTokens'>;

/** Creates the queries for named tokens. */
export function createNamedTokens(db: RegistryDatabase): NamedTokens {
  return {
    async addNamedToken({ jti, clientId, name, description, createdAtMs, endsAtMs = null }) {
      assertStorable(clientId, name, description);
      await db
        .insertInto('namedTokens')
        .values({ jti, clientId, name, description, createdAtMs, endsAtMs })
        .execute();
    },

    async findNamedToken(jti) {
      if (!isStorable(jti)) return undefined;
      const row = await db.selectFrom('namedTokens').selectAll().where('jti', '=', jti).executeTakeFirst();
      return row && readNamedToken(row);
    },

    async listNamedTokens(atMs, clientId) {
      if (clientId !== undefined && !isStorable(clientId)) return [];
      const unexpired = db
        .selectFrom('namedTokens')
        .selectAll()
        .where((token) => token.or([token('endsAtMs', 'is', null), token('endsAtMs', '>', atMs)]));
      const query = clientId === undefined ? unexpired : unexpired.where('clientId', '=', clientId);
      return (await query.orderBy('createdAtMs').orderBy('jti').execute()).map(readNamedToken);
    },
  };
}

function readNamedToken({ endsAtMs, ...rest }: Selectable<Tables['namedTokens']>): NamedToken {
  return { ...rest, endsAtMs: endsAtMs ?? undefined };
}
