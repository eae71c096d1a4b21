/** The registry's query for when apps were last used. */
import type { Registry } from './registry.js';
import type { RegistryDatabase } from './tables.js';

/** How many rows one transaction locks. */
const BATCH = 100;

/** Creates the query for last uses. */
export function createAppUses(db: RegistryDatabase): Pick<Registry, 'recordAppUses'> {
  return {
    async recordAppUses(keys, atMs, unlessSinceMs) {
      // In one order everywhere: two gateways that lock the same rows in different orders would deadlock.
      const sorted = [...keys].sort();
      for (let at = 0; at < sorted.length; at += BATCH) {
        await db.transaction().execute(async (transaction) => {
          for (const key of sorted.slice(at, at + BATCH)) {
            await transaction
              .updateTable('apps')
              .set({ lastUsedAtMs: atMs })
              .where('key', '=', key)
              .where((app) =>
                app.or([app('lastUsedAtMs', 'is', null), app('lastUsedAtMs', '<', unlessSinceMs)]),
              )
              .execute();
          }
        });
      }
    },
  };
}
