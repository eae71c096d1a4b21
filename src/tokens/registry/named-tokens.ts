/** The registry's named tokens. */
import type { Registry } from './registry.js';
import type { Database } from './tables.js';
import { assertStorable } from './text.js';

export function createNamedTokens(db: Database): Pick<Registry, 'addNamedToken'> {
  return {
    async addNamedToken({ jti, clientId, name, description, createdAtMs, endsAtMs = null }) {
      assertStorable(clientId, name, description);
      await db
        .insertInto('namedTokens')
        .values({ jti, clientId, name, description, createdAtMs, endsAtMs })
        .execute();
    },
  };
}
