/** What goes wrong with a server of Redis, in its own words. */

/** Far longer than what Redis says by itself. */
const LONGEST_REASON = 300;

/** The server's or the system's own reason, without what it repeats of the call: that may name callers. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : 'not the reply of a script';
  const [reason = ''] = message.split(/,? with args beginning with| script: [0-9a-f]{40}/, 1);
  return reason.slice(0, LONGEST_REASON);
}

/** Whether the server has replied; else the connection failed or nothing came in time. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/**
 * Whether the server is a replica that cannot be written, or that has lost its primary: another one must be found.
 *
 * Up to version 6.2 Redis puts what a command in a script says behind words of its own:
 * `ERR Error running script (call to f_…): @user_script:1: -READONLY You can't write against a read only replica.`
 */
export function isReplica(reason: string): boolean {
  return /\b(?:READONLY|MASTERDOWN)\b/.test(reason);
}

/**
 * The same for reasons that are one to an operator: which of its errors a connection met that found nobody, what a server
 * says behind its error's code, the number of an attempt.
 */
export function kindOf(reason: string): string {
  if (/ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|timed out|closed|not answered/i.test(reason))
    return 'unreachable';
  const [code] = /\b(?!ERR\b)[A-Z]{3,}\b/.exec(reason) ?? [];
  return code ?? reason.replaceAll(/\d+/g, '0');
}
