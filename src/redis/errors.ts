/** Reads the errors of a Redis server or its connection, for `server.ts` and `outage-log.ts`. */

/** Characters; Redis's own messages are far shorter. */
const MAX_REASON = 300;

/** Returns the server's or the system's message without the call's arguments, which may identify callers. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : 'not the reply of a script';
  const [reason = ''] = message.split(/,? with args beginning with| script: [0-9a-f]{40}/, 1);
  return reason.slice(0, MAX_REASON);
}

/** Whether the error is a reply of the server. Otherwise the connection failed or nothing came in time. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/**
 * Whether the server is a read-only replica, or a replica that has lost its primary. Then another server must be found.
 *
 * Up to version 6.2 Redis puts its own text before the error of a command in a script:
 * `ERR Error running script (call to f_…): @user_script:1: -READONLY You can't write against a read only replica.`
 */
export function isReplica(reason: string): boolean {
  return /\b(?:READONLY|MASTERDOWN)\b/.test(reason);
}

/**
 * Returns the kind of a reason: the same for reasons that do not differ to an operator. It leaves out which error made
 * a server unreachable, the text behind an error code, and numbers such as that of an attempt.
 */
export function kindOf(reason: string): string {
  if (/ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|timed out|closed|no reply/i.test(reason)) return 'unreachable';
  const [code] = /\b(?!ERR\b)[A-Z]{3,}\b/.exec(reason) ?? [];
  return code ?? reason.replaceAll(/\d+/g, '0');
}
