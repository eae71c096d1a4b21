/** Connects to Redis for `check --online`, as the gateway does at its start. */
import type { Log } from '../../model/log.js';
import type { HostPort, RedisServers, RedisSettings } from '../../model/settings.js';
import { connectRedis } from '../../redis/connection.js';
import { noReply, DependencyError } from './advice.js';
import { SILENT } from './silent.js';
import { aborted } from './within.js';

const PAUSE_MS = 20;

/** Returns the addresses, without credentials. */
export function placeOfRedis(servers: RedisServers): string {
  const textOf = ({ host, port }: HostPort): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (servers.kind === 'single')
    return 'path' in servers.address ? servers.address.path : textOf(servers.address);
  if (servers.kind === 'cluster') return servers.nodes.map(textOf).join(', ');
  return `${servers.name} of ${servers.sentinels.map(textOf).join(', ')}`;
}

/**
 * Resolves when Redis does what the gateway needs: it reads the time and a key, and writes one that expires after a
 * millisecond. Of a cluster and of Sentinels, servers are found as the gateway finds them.
 */
export async function askRedis(
  settings: RedisSettings,
  monotonic: () => number,
  signal: AbortSignal,
): Promise<string> {
  let reason: string | undefined;
  const note = (fields: object): void => {
    if ('reason' in fields && typeof fields.reason === 'string') reason = fields.reason;
  };
  const log: Log = { ...SILENT, warn: note, error: note };
  const connection = connectRedis(settings, { log, now: monotonic });
  const late = (): Error => new DependencyError(noReply('"redis"'));
  try {
    await Promise.race([connection.attempted, aborted(signal, late)]);
    // A cluster is up when its servers are, which may be after the first attempt.
    while (!connection.isUp && reason === undefined) {
      if (signal.aborted) throw late();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    if (!connection.isUp) throw new DependencyError(problemText(reason ?? 'unavailable'));
    return 'responds, and counts can be written';
  } finally {
    connection.close();
  }
}

function problemText(reason: string): string {
  if (/WRONGPASS|NOAUTH|invalid username-password|without any password/i.test(reason))
    return `${reason}; correct "password" and "username" of redis`;
  if (reason.includes('NOPERM')) return `${reason}; give that user what docs/operations.md lists`;
  if (reason.includes('ECONNREFUSED'))
    return `nothing listens there (ECONNREFUSED); start it, or correct "redis"`;
  if (/ENOTFOUND|EAI_AGAIN/.test(reason)) return `its name is not known here (${reason}); correct "redis"`;
  return `${reason}; correct "redis"`;
}
