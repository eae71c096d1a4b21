/** The contract of a registry: administrative changes. */
import { describe, expect, it } from 'vitest';
import type { AuditRow } from '../../../src/model/audit-record.js';
import { NOW, type Using } from './samples.js';

const DAY_MS = 24 * 60 * 60_000;

function row(id: string, atMs: number, record: Partial<AuditRow['record']> = {}): AuditRow {
  const at = Math.floor(atMs / 1000);
  const defaults = {
    at,
    action: 'app_created',
    by: 'Administrator',
    subject: 'key',
    client_ip: '::1',
  } as const;
  return { id, atMs, record: { ...defaults, ...record } };
}

export function describeAudit(name: string, using: Using): void {
  describe(`the contract of a registry, kept in ${name}: administrative changes`, () => {
    it('are listed exactly as added, the newest first, in pages without a gap', () =>
      using(async (registry) => {
        const rows = [
          row('a', NOW),
          row('c', NOW + 1, { by: 'Ädä ☃', subject: null, client_ip: null }),
          row('b', NOW + 1),
          row('d', NOW + 2, { action: 'signed_in' }),
        ];
        for (const one of rows) await registry.addAudit(one);
        const [a, c, b, d] = rows;
        expect(await registry.listAudit(10)).toEqual([d, c, b, a]);
        const first = await registry.listAudit(2);
        expect(first).toEqual([d, c]);
        expect(await registry.listAudit(2, first.at(-1))).toEqual([b, a]);
        expect(await registry.listAudit(2, a)).toEqual([]);
        await expect(registry.addAudit(row('e', NOW, { by: 'a\0b' }))).rejects.toThrow(RangeError);
      }));

    it('are kept for 90 days', () =>
      using(async (registry) => {
        await registry.addAudit(row('old', NOW - 90 * DAY_MS));
        await registry.addAudit(row('young', NOW - 90 * DAY_MS + 1));
        await registry.deleteExpired(NOW);
        expect((await registry.listAudit(10)).map(({ id }) => id)).toEqual(['young']);
      }));
  });
}
