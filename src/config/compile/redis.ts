/** Compiles the Redis settings. */
import type { HostPort, RedisAccess, RedisServers, RedisSettings, RedisTls } from '../../model/settings.js';
import type { Files } from '../files.js';
import type { Validated } from '../schema/schema.js';
import { textOf } from './text.js';

type RawRedis = NonNullable<Validated['redis']>;

/** Compiles servers, credentials and TLS of Redis. */
export function compileRedis(raw: RawRedis, files: Files): RedisSettings {
  return {
    servers: serversOf(raw, files),
    timeoutMs: raw.timeout,
    keyPrefix: raw.key_prefix,
  };
}

function serversOf(raw: RawRedis, files: Files): RedisServers {
  const { url, sentinels, cluster, name = '', username, password } = raw;
  if (url) {
    const { address, db } = url;
    const access = {
      username: username ?? url.username,
      password: password ?? url.password,
      tls: url.tls ? tlsOf(raw, [], files) : undefined,
    };
    return { kind: 'single', address, db, access };
  }
  // The schema ensures that one of the three is set.
  const nodes = sentinels ?? cluster ?? [];
  const tls = raw.tls === false ? undefined : tlsOf(raw, nodes, files);
  const access = { username, password, tls };
  if (!sentinels) return { kind: 'cluster', nodes: nodes, access };
  return { kind: 'sentinel', sentinels, name, access, sentinelAccess: sentinelAccess(raw, access) };
}

/**
 * The credentials for Sentinels. Without their own password they get that of the servers, for the user `default`: it
 * accepts any password if it needs none, and Sentinels seldom have other users.
 */
function sentinelAccess(
  { sentinel_username: username, sentinel_password: ownPassword }: RawRedis,
  { password, tls }: RedisAccess,
): RedisAccess {
  if (ownPassword !== undefined) return { username, password: ownPassword, tls };
  return { username: password === undefined ? undefined : 'default', password, tls };
}

function tlsOf({ tls }: RawRedis, nodes: readonly HostPort[], files: Files): RedisTls {
  const { ca, cert, key, server_name: serverName } = typeof tls === 'object' ? tls : {};
  const text = (file: string | undefined) => (file === undefined ? undefined : textOf(file, files));
  return { ca: text(ca), cert: text(cert), key: text(key), serverName, hosts: nodes.map(({ host }) => host) };
}
