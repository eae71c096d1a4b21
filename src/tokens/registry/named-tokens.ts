/** The registry's queries for named tokens. */
import type { Selectable } from 'kysely';
import type { NamedToken, Registry } from './registry.js';
import type { RegistryDatabase, Tables } from './tables.js';
import { assertStorable, isStorable } from './row-codec.js';

type NamedTokens = Pick<Registry, 'addNamedToken' | 'findNamedToken' | 'listNamedTokens'>;

/** Creates the queries for named tokens. */
export function createNamedTokens(db: RegistryDatabase): NamedTokens {
  return {
    async addNamedToken(token) {
      const { jti, clientId, name, description, createdAtMs, endsAtMs = null, generation = null } = token;
      assertStorable(clientId, name, description);
      await db
        .insertInto('namedTokens')
        .values({ jti, clientId, name, description, createdAtMs, endsAtMs, generation })
        .execute();
    },

    async findNamedToken(jti) {
      if (!isStorable(jti)) return undefined;
      const row = await db.selectFrom('namedTokens').selectAll().where('jti', '=', jti).executeTakeFirst();
      return row && readNamedToken(row);
    },

    async listNamedTokens(atMs, clientId) {
      if (clientId !== undefined && !isStorable(clientId)) return [];
      const usable = db
        .selectFrom('namedTokens as token')
        .leftJoin('apps', 'apps.key', 'token.clientId')
        .selectAll('token')
        .where((row) => row.or([row('token.endsAtMs', 'is', null), row('token.endsAtMs', '>', atMs)]))
        .where((row) =>
          row.or([
            row('token.generation', 'is', null),
            row('apps.generation', 'is', null),
            row('token.generation', '>=', row.ref('apps.generation')),
          ]),
        );
      const query = clientId === undefined ? usable : usable.where('token.clientId', '=', clientId);
      return (await query.orderBy('token.createdAtMs').orderBy('token.jti').execute()).map(readNamedToken);
    },
  };
}

function readNamedToken({ endsAtMs, generation, ...rest }: Selectable<Tables['namedTokens']>): NamedToken {
  return { ...rest, endsAtMs: endsAtMs ?? undefined, generation: generation ?? undefined };
}
