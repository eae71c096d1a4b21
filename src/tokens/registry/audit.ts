/** The registry's queries for administrative changes. */
import type { AuditRecord, AuditRow } from '../../model/audit-record.js';
import type { Registry } from './registry.js';
import { assertStorable } from './row-codec.js';
import type { RegistryDatabase } from './tables.js';

/** Creates the queries for administrative changes. */
export function createAuditQueries(db: RegistryDatabase): Pick<Registry, 'addAudit' | 'listAudit'> {
  return {
    async addAudit({ id, atMs, record: { action, by, subject, client_ip: address } }) {
      assertStorable(by, subject ?? undefined, address ?? undefined);
      await db.insertInto('audit').values({ id, atMs, action, actor: by, subject, address }).execute();
    },

    async listAudit(limit, before) {
      let query = db.selectFrom('audit').selectAll();
      if (before)
        query = query.where((row) =>
          row.or([
            row('atMs', '<', before.atMs),
            row.and([row('atMs', '=', before.atMs), row('id', '<', before.id)]),
          ]),
        );
      const rows = await query.orderBy('atMs', 'desc').orderBy('id', 'desc').limit(limit).execute();
      return rows.map(({ id, atMs, action, actor, subject, address }): AuditRow => ({
        id,
        atMs,
        record: {
          at: Math.floor(atMs / 1000),
          action: action as AuditRecord['action'],
          by: actor,
          subject,
          client_ip: address,
        },
      }));
    },
  };
}
