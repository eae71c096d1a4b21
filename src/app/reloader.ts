/**
 * Reloads a running gateway: reads the file again, builds the next instance, and replaces the current one between two
 * requests. A file that is not valid changes only the log and the metrics. Called by `serve.ts` and `src/index.ts`.
 */
import { ConfigError, ConfigUnreadable } from '../config/config.js';
import { createResourcePool, type ResourcePool, type Reuse } from './resource-pool.js';
import type { Log } from '../model/log.js';
import type { Settings } from '../model/settings.js';

/** What is built from one reading of the file. */
export interface ReloadableGateway {
  readonly settings: Settings;
  /** Called when it has become the current one: applies its settings to the resources that every instance uses. */
  activate(): void;
}

export interface ConfigReloaderOptions<G> {
  /** Reads the file. Rejects with ConfigError or ConfigUnreadable where it is not valid. */
  readonly load: () => Promise<Settings>;
  /** Rejects where something that the file names cannot be opened. */
  readonly build: (settings: Settings, reuse: Reuse) => Promise<G>;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Called with the result of each reload. */
  readonly onReload?: (isInForce: boolean) => void;
}

/** The result of a reload. */
export interface ReloadResult {
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly isInForce: boolean;
  /** Of a file that is not valid: what is wrong, with line and column. */
  readonly problems: readonly string[];
}

export interface ConfigReloader<G> {
  /** Returns the instance in force. A request reads it once. */
  readonly current: () => G;
  /**
   * Reloads, one at a time. All calls that come during a reload share the next one.
   *
   * @returns whether the current file is in force; never rejects
   */
  reload(): Promise<boolean>;
  /** The result of the last reload; undefined before the first. */
  readonly lastReload: () => ReloadResult | undefined;
  /** Ends reloading: later calls of `reload` resolve to false. */
  disable(): void;
  /** Closes the resources of all instances. To be called when no requests are in flight. */
  close(): Promise<void>;
}

/**
 * Builds the first instance and puts it in force. Rejects where it cannot be built.
 *
 * @param settings the settings as read at the start
 */
export async function openConfigReloader<G extends ReloadableGateway>(
  settings: Settings,
  options: ConfigReloaderOptions<G>,
): Promise<ConfigReloader<G>> {
  const pool = createResourcePool({ log: options.log });
  const { instance, commit } = await buildInstance(settings, options.build, pool);
  commit();
  instance.activate();
  return new Reloader(instance, pool, options);
}

class Reloader<G extends ReloadableGateway> implements ConfigReloader<G> {
  readonly current = (): G => this.#current;
  #current: G;
  readonly #pool: ResourcePool;
  readonly #options: ConfigReloaderOptions<G>;
  readonly lastReload = (): ReloadResult | undefined => this.#lastReload;
  #lastReload: ReloadResult | undefined;
  #isDisabled = false;
  #running: Promise<unknown> = Promise.resolve();
  #waiting: Promise<boolean> | undefined;

  constructor(first: G, pool: ResourcePool, options: ConfigReloaderOptions<G>) {
    this.#current = first;
    this.#pool = pool;
    this.#options = options;
  }

  reload(): Promise<boolean> {
    this.#waiting ??= this.#running.then(() => {
      this.#waiting = undefined;
      const reloading = this.#reloadOnce();
      this.#running = reloading;
      return reloading;
    });
    return this.#waiting;
  }

  disable(): void {
    this.#isDisabled = true;
  }

  async close(): Promise<void> {
    this.#isDisabled = true;
    await this.#running;
    await this.#pool.close();
  }

  /** Never rejects: each reload waits for the one before it, so a rejected one would block all later ones. */
  async #reloadOnce(): Promise<boolean> {
    const { load, log, now, onReload } = this.#options;
    if (this.#isDisabled) return false;
    try {
      if (!(await this.#replace(await load()))) return false;
    } catch (error) {
      const problems = problemsOf(error);
      log.error(
        problems ? { problems } : { err: error },
        'reload failed: the previous configuration stays in force',
      );
      this.#lastReload = { atMs: now(), isInForce: false, problems: problems ?? [] };
      this.#runAfterReload(() => onReload?.(false));
      return false;
    }
    this.#lastReload = { atMs: now(), isInForce: true, problems: [] };
    this.#runAfterReload(() => this.#current.activate());
    log.info({ routes: this.#current.settings.routes.length }, 'configuration reloaded');
    this.#runAfterReload(() => onReload?.(true));
    return true;
  }

  /** Builds an instance and makes it the current one. Returns false where a drain has begun while it was built. */
  async #replace(settings: Settings): Promise<boolean> {
    const { instance, commit, abort } = await buildInstance(settings, this.#options.build, this.#pool);
    if (this.#isDisabled) {
      await abort();
      return false;
    }
    this.#current = instance;
    commit();
    return true;
  }

  /** Runs a step after the replacement, which cannot be undone. So an error is logged, and the next step runs. */
  #runAfterReload(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#options.log.error(
        { err: error },
        'part of a reload failed: some previous settings may still be in use',
      );
    }
  }
}

/** Builds an instance. The caller commits or aborts its resources. */
async function buildInstance<G>(
  settings: Settings,
  build: ConfigReloaderOptions<G>['build'],
  pool: ResourcePool,
): Promise<{ instance: G; commit: () => void; abort: () => Promise<void> }> {
  const { reuse, commit, abort } = pool.begin();
  try {
    return { instance: await build(settings, reuse), commit, abort };
  } catch (error) {
    await abort();
    throw error;
  }
}

/** Returns the problems with line and column, as `tollgate start` prints them; undefined for another error. */
function problemsOf(error: unknown): readonly string[] | undefined {
  if (error instanceof ConfigError) return error.problems.map(String);
  return error instanceof ConfigUnreadable ? [error.message] : undefined;
}
