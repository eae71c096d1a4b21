/** The traffic of another gateway that shares the Redis. */
import type { RedisSettings } from '../../../src/model/settings.js';
import { connectRedis } from '../../../src/redis/connection.js';
import { SharedTraffic } from '../../../src/telemetry/shared-traffic.js';
import { BUCKET_MS } from '../../../src/telemetry/traffic-bucket.js';
import { Traffic } from '../../../src/telemetry/traffic.js';
import { exchangeRecord } from '../../telemetry/traffic-fixture.js';
import { until } from '../../support/until.js';

const MINUTES = 12;
const SILENT = { info: ignore, warn: ignore, error: ignore, debug: ignore };

function ignore(): void {
  return undefined;
}

/** Another gateway with the same Redis, which has refused the app by a limit in each of the last minutes. */
export async function refuseElsewhere(app: string, settings: RedisSettings): Promise<void> {
  const clock = { ms: Date.now() - MINUTES * 60_000 };
  const now = (): number => clock.ms;
  const redis = connectRedis(settings, {
    log: SILENT,
    now: () => performance.now(),
  });
  await until(() => redis.isUp);
  const own = { gateway: 'other', process: 'a' };
  const shared = new SharedTraffic({ redis: () => redis, keyPrefix: () => settings.keyPrefix, own, now });
  const traffic = new Traffic({ now });
  while (clock.ms < Date.now()) {
    const at = Math.floor(clock.ms / BUCKET_MS);
    traffic.add(
      exchangeRecord({
        route: 'GET /orders',
        app: ['tokens', app],
        status: 429,
        reason: 'rate_limited',
        durationMs: 1,
      }),
    );
    clock.ms += BUCKET_MS;
    traffic.advance();
    await shared.write(traffic.buckets().find((bucket) => bucket.at === at));
  }
  redis.close();
}
