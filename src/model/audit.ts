/** The audit log: a line for each administrative change, saying who made it, what it was, of which thing, and from where. */
import type { Log } from './log.js';

export type AuditAction =
  | 'app_created'
  | 'app_deleted'
  | 'app_secret_rotated'
  | 'app_revoked'
  | 'app_restored'
  | 'user_created'
  | 'user_deleted'
  | 'named_token_created'
  | 'token_revoked';

/** Nothing in it is secret. */
export interface AuditEntry {
  readonly action: AuditAction;
  /** The credential by which it was done: the administrator's, an app's own, or access to the command line. */
  readonly by: 'admin' | 'app' | 'command';
  /** Who that is: the app's key, or the operating system's user of the command. */
  readonly actor?: string;
  /** Where it came from: the client's address, or the machine on which the command ran. */
  readonly client_ip?: string;
  readonly host?: string;
  readonly request_id?: string;
  readonly app?: string;
  readonly user?: string;
  /** A token's `jti`, or that a refresh token's family was ended. */
  readonly token?: string;
  /** The issuer's name in the file; left out: every issuer. */
  readonly issuer?: string;
}

export type Audit = (entry: AuditEntry) => void;

/** The audit lines of a gate stand in its log, at level info, with the message `audit`. */
export function createAudit(log: Log): Audit {
  return (entry) => log.info(entry, 'audit');
}
