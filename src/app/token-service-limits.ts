/** The limits on the use of the token service's endpoints, counted in Redis if there is one. Called by `resources.ts`. */
import { networkOf } from '../limit/limit.js';
import type { Log } from '../model/log.js';
import type { Measures } from '../model/measures.js';
import type { TokenServiceSettings } from '../model/tokens.js';
import type { RedisConnection } from '../redis/connection.js';
import {
  createAppLimit,
  createFailedAttempts,
  type AppLimit,
  type FailedAttempts,
} from '../tokens/tokens.js';
import type { Reuse } from './resource-pool.js';

export interface TokenServiceLimits {
  readonly attempts: FailedAttempts;
  /** The requests of each app to revoke tokens. */
  readonly revokeLimit: AppLimit;
  /** The tokens issued to each app. */
  readonly issueLimit: AppLimit;
}

/** Where the limits are counted. */
export interface TokenServiceLimitsStore {
  /** Undefined where this process's memory is the store. */
  readonly redis: RedisConnection | undefined;
  readonly keyPrefix: string | undefined;
  /** A keyed hash of a client id. */
  readonly fingerprintOfId: (id: string) => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  readonly measures: Measures;
}

/** Opens or reuses the limits. Each kind of count is kept until its own limit changes. */
export async function reuseTokenServiceLimits(
  { failedAttempts, revokeLimit, issueLimit }: TokenServiceSettings,
  { redis, keyPrefix, fingerprintOfId, now, log, measures }: TokenServiceLimitsStore,
  reuse: Reuse,
): Promise<TokenServiceLimits> {
  return {
    attempts: await reuse('failed attempts', { of: failedAttempts, redis, fingerprintOfId }, () =>
      createFailedAttempts({
        settings: failedAttempts,
        redis,
        ...(keyPrefix !== undefined && { keyPrefix }),
        networkOf,
        fingerprintOfId,
        now,
        log,
        measures,
      }),
    ),
    revokeLimit: await reuse('revoke limit', { of: revokeLimit, redis }, () =>
      createAppLimit({ limit: revokeLimit, name: 'revoking', redis, keyPrefix }),
    ),
    issueLimit: await reuse('issue limit', { of: issueLimit, redis }, () =>
      createAppLimit({ limit: issueLimit, name: 'issuing', redis, keyPrefix }),
    ),
  };
}
