/** The names and organizations of the apps that traffic names, looked up in the registry and kept for a few seconds. */
import { NAMED, TOKENS } from '../../model/tokens.js';
import type { TrafficApp, TrafficBucket } from '../../telemetry/traffic-bucket.js';

export interface KnownApp {
  readonly name: string;
  readonly organization?: string | undefined;
}

export interface AppDirectoryOptions {
  /** Finds an app of any organization; undefined where there is no such app. Rejects where the registry is unavailable. */
  readonly findApp: (key: string) => Promise<KnownApp | undefined>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** So long an app that was deleted, or has another organization now, may be seen as before. */
const KEPT_MS = 10_000;
const AT_ONCE = 8;

/** Returns the key of an app of the registry; undefined for an app of another issuer. */
export function registryKeyOf({ issuer, app }: TrafficApp): string | undefined {
  return issuer === TOKENS || issuer === NAMED ? app : undefined;
}

/** Returns the keys of the registry's apps in some buckets. */
export function registryKeysIn(buckets: readonly TrafficBucket[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { apps } of buckets)
    for (const app of apps) {
      const key = registryKeyOf(app);
      if (key !== undefined) keys.add(key);
    }
  return keys;
}

/** Looks up apps. */
export class AppDirectory {
  readonly #options: AppDirectoryOptions;
  #known = new Map<string, KnownApp | undefined>();
  #sinceMs = -Infinity;

  constructor(options: AppDirectoryOptions) {
    this.#options = options;
  }

  /** Returns those of the apps that exist, by key. Rejects where the registry is unavailable. */
  async find(keys: Iterable<string>): Promise<ReadonlyMap<string, KnownApp>> {
    const { findApp, now } = this.#options;
    if (now() - this.#sinceMs >= KEPT_MS) {
      this.#known = new Map();
      this.#sinceMs = now();
    }
    const known = this.#known;
    const wanted = [...keys];
    const missing = wanted.filter((key) => !known.has(key));
    const lookUp = async (): Promise<void> => {
      for (let key = missing.pop(); key !== undefined; key = missing.pop())
        known.set(key, await findApp(key));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lookUp));
    const found = new Map<string, KnownApp>();
    for (const key of wanted) {
      const app = known.get(key);
      if (app) found.set(key, app);
    }
    return found;
  }
}
