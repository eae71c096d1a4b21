/**
 * Asks everything that a gateway with these settings would connect to, for `tollgate check --online`: each target, each
 * issuer, Redis, the token service's database and the collector of traces. It uses the gateway's own connections, and starts no gateway.
 */
import type { Settings } from '../../model/settings.js';
import { askCollector } from './ask-collector.js';
import { askDatabase, placeOfDatabase } from './ask-database.js';
import { askIssuer, placeOfKeys } from './ask-issuer.js';
import { askRedis, placeOfRedis } from './ask-redis.js';
import { askTarget } from './ask-target.js';
import { DependencyError } from './advice.js';
import { within } from './within.js';

/** What is asked: a target of an upstream, an issuer's keys, Redis, the token service's database, or the collector of traces. */
export type DependencyKind = 'upstream' | 'issuer' | 'redis' | 'database' | 'collector';

/** One dependency of the gateway, and whether it can be used. */
export interface OnlineResult {
  readonly kind: DependencyKind;
  /** Of the upstream or the issuer; otherwise as the file names it. */
  readonly name: string;
  /** Its address, without credentials. */
  readonly place: string;
  readonly ok: boolean;
  /** What was found; where it is not ok, what to do too. */
  readonly text: string;
  readonly durationMs: number;
}

export interface OnlineOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /** For each dependency. */
  readonly timeoutMs: number;
  /** Called when one has responded or failed. */
  readonly onResult?: (result: OnlineResult) => void;
}

interface Question {
  readonly kind: DependencyKind;
  readonly name: string;
  readonly place: string;
  /** Resolves to what was found; rejects with a `DependencyError` that says what to do. */
  readonly ask: (signal: AbortSignal) => Promise<string>;
}

/** Asks all of them at once. Never rejects; the results have the order upstreams, issuers, Redis, database, collector. */
export function checkOnline(settings: Settings, options: OnlineOptions): Promise<readonly OnlineResult[]> {
  const { monotonic, timeoutMs, onResult } = options;
  return Promise.all(
    questionsOf(settings, options).map(async ({ kind, name, place, ask }) => {
      const start = monotonic();
      const { ok, text } = await within(timeoutMs, ask).then(
        (found) => ({ ok: true, text: found }),
        (error: unknown) => ({
          ok: false,
          text: error instanceof DependencyError ? error.message : String(error),
        }),
      );
      const result = { kind, name, place, ok, text, durationMs: monotonic() - start };
      onResult?.(result);
      return result;
    }),
  );
}

function questionsOf(settings: Settings, { now, monotonic, timeoutMs }: OnlineOptions): readonly Question[] {
  const { upstreams, issuers, redis, tokens, tracing } = settings;
  return [
    ...upstreams.flatMap((upstream) =>
      upstream.targets.map((target): Question => ({
        kind: 'upstream',
        name: upstream.name,
        place: target.origin,
        ask: (signal) => askTarget(upstream, target, timeoutMs, signal),
      })),
    ),
    ...issuers
      .filter(({ keys }) => keys.kind !== 'own' && keys.kind !== 'secret')
      .map((issuer): Question => ({
        kind: 'issuer',
        name: issuer.name,
        place: placeOfKeys(issuer.keys),
        ask: (signal) => askIssuer(issuer, settings, now, signal),
      })),
    ...(redis
      ? [
          {
            kind: 'redis',
            name: 'redis',
            place: placeOfRedis(redis.servers),
            ask: (signal) => askRedis(redis, monotonic, signal),
          } as const satisfies Question,
        ]
      : []),
    ...(tokens
      ? [
          {
            kind: 'database',
            name: 'tokens.database',
            place: placeOfDatabase(tokens.database),
            ask: (signal) => askDatabase(tokens.database, timeoutMs, signal),
          } as const satisfies Question,
        ]
      : []),
    ...(tracing
      ? [
          {
            kind: 'collector',
            name: 'tracing.otlp',
            place: tracing.url,
            ask: (signal) => askCollector(tracing, timeoutMs, signal),
          } as const satisfies Question,
        ]
      : []),
  ];
}
