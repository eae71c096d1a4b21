/** From the Redis as written to the one of the model. */
import type { RedisServers, RedisSettings } from '../../model/settings.js';
import type { Validated } from '../schema/schema.js';

type Written = NonNullable<Validated['redis']>;

export function compileRedis(written: Written): RedisSettings {
  return { servers: serversOf(written), timeoutMs: written.timeout, keyPrefix: written.key_prefix };
}

function serversOf({ url, sentinels, cluster, name = '', username, password, tls }: Written): RedisServers {
  if (url) {
    const { host, port, db, ...own } = url;
    return { kind: 'single', address: { host, port }, db, access: own };
  }
  const access = { username, password, tls };
  if (sentinels) return { kind: 'sentinel', sentinels, name, access };
  // The schema has seen to it that there is one of the three.
  return { kind: 'cluster', nodes: cluster ?? [], access };
}
