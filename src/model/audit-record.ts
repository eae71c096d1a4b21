/** An administrative change as the console lists it. Made of an entry of the audit log. */
import type { AuditEntry } from './audit.js';

export interface AuditRecord {
  /** Epoch seconds. */
  readonly at: number;
  readonly action: AuditEntry['action'];
  readonly by: string;
  /** The app, user, token or cooldown. */
  readonly subject: string | null;
  /** The client's address; for a command the machine on which it ran. */
  readonly client_ip: string | null;
}

/** An administrative change, and its place among the others. */
export interface AuditRow extends AuditPosition {
  readonly record: AuditRecord;
}

/** Changes are ordered by time, and by id within a millisecond. */
export interface AuditPosition {
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly id: string;
}

/** Makes the record of a change. */
export function auditRecordOf(entry: AuditEntry, nowMs: number): AuditRecord {
  const { action, by, actor, app, user, token, cooldown, client_ip: clientIp, host } = entry;
  return {
    at: Math.floor(nowMs / 1000),
    action,
    by: by === 'admin' ? 'Administrator' : (actor ?? by),
    subject: app ?? user ?? token ?? cooldown ?? null,
    client_ip: clientIp ?? host ?? null,
  };
}
