/** The audit log: one line for each administrative change, with who made it, what changed, and from where. */
import type { Log } from './log.js';

export type AuditAction =
  | 'app_created'
  | 'app_changed'
  | 'app_deleted'
  | 'app_secret_rotated'
  | 'app_revoked'
  | 'app_restored'
  | 'user_created'
  | 'user_deleted'
  | 'named_token_created'
  | 'token_revoked'
  | 'cooldown_ended'
  | 'signed_in'
  | 'signed_out';

/** One administrative change. Contains no secret. */
export interface AuditEntry {
  readonly action: AuditAction;
  /** The credential that was used: the administrator's, a developer's, an app's own, or access to the command line. */
  readonly by: 'admin' | 'developer' | 'app' | 'command';
  /** The developer's user name, the app's key, or the operating system's user who ran the command. */
  readonly actor?: string;
  /** The client's address; `host` is the machine on which the command ran. */
  readonly client_ip?: string;
  readonly host?: string;
  readonly request_id?: string;
  readonly app?: string;
  readonly user?: string;
  /** A token's `jti`, or a note that a refresh token's family was ended. */
  readonly token?: string;
  /** The issuer's name in the file; absent: every issuer. */
  readonly issuer?: string;
  readonly cooldown?: string;
  /** Which fields of the app were changed, and whether its earlier tokens are refused since. */
  readonly fields?: readonly string[];
  readonly tokens_revoked?: boolean;
}

/** Records one administrative change. */
export type Audit = (entry: AuditEntry) => void;

/** Creates an `Audit` that writes to the gateway's log, at level info, with the message `audit`. */
export function createAudit(log: Log): Audit {
  return (entry) => log.info(entry, 'audit');
}
