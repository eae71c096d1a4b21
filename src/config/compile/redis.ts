/** From the Redis as written to the one of the model. */
import type { HostPort, RedisAccess, RedisServers, RedisSettings, RedisTls } from '../../model/settings.js';
import type { Files } from '../files.js';
import type { Validated } from '../schema/schema.js';
import { textOf } from './text.js';

type Written = NonNullable<Validated['redis']>;

export function compileRedis(written: Written, files: Files): RedisSettings {
  return {
    servers: serversOf(written, files),
    timeoutMs: written.timeout,
    keyPrefix: written.key_prefix,
  };
}

function serversOf(written: Written, files: Files): RedisServers {
  const { url, sentinels, cluster, name = '', username, password } = written;
  if (url) {
    const { address, db } = url;
    const access = {
      username: username ?? url.username,
      password: password ?? url.password,
      tls: url.tls ? tlsOf(written, [], files) : undefined,
    };
    return { kind: 'single', address, db, access };
  }
  // The schema has seen to it that there is one of the three.
  const named = sentinels ?? cluster ?? [];
  const tls = written.tls === false ? undefined : tlsOf(written, named, files);
  const access = { username, password, tls };
  if (!sentinels) return { kind: 'cluster', nodes: named, access };
  return { kind: 'sentinel', sentinels, name, access, sentinelAccess: sentinelAccess(written, access) };
}

/**
 * Without a password of their own Sentinels are told that of the servers, as their user `default`: that one takes any
 * password where it needs none, and they seldom have other users.
 */
function sentinelAccess(
  { sentinel_username: username, sentinel_password: own }: Written,
  { password, tls }: RedisAccess,
): RedisAccess {
  if (own !== undefined) return { username, password: own, tls };
  return { username: password === undefined ? undefined : 'default', password, tls };
}

function tlsOf({ tls }: Written, named: readonly HostPort[], files: Files): RedisTls {
  const { ca, cert, key, server_name: serverName } = typeof tls === 'object' ? tls : {};
  const text = (file: string | undefined) => (file === undefined ? undefined : textOf(file, files));
  return { ca: text(ca), cert: text(cert), key: text(key), serverName, hosts: named.map(({ host }) => host) };
}
