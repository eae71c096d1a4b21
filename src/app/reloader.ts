/**
 * Reloads a running gateway: reads the file again, builds the next instance, and replaces the current one between two
 * requests. A file that is not valid changes only the log and the metrics. Called by `serve.ts` and `src/index.ts`.
 */
import { ConfigError, ConfigUnreadable } from '../config/config.js';
import { createResourcePool, type Reuse } from './resource-pool.js';
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
  /** Called with the result of each reload. */
  readonly onReload?: (isInForce: boolean) => void;
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
  { load, build, log, onReload }: ConfigReloaderOptions<G>,
): Promise<ConfigReloader<G>> {
  const resourcePool = createResourcePool({ log });
  let isDisabled = false;
  let running: Promise<unknown> = Promise.resolve();
  let waiting: Promise<boolean> | undefined;

  /** A function, since the compiler's narrowing of a variable persists across an `await`. */
  const hasBeenDisabled = (): boolean => isDisabled;

  /** Builds an instance. The caller commits or aborts its resources. */
  async function buildInstance(
    next: Settings,
  ): Promise<{ instance: G; commit: () => void; abort: () => Promise<void> }> {
    const { reuse, commit, abort } = resourcePool.begin();
    try {
      return { instance: await build(next, reuse), commit, abort };
    } catch (error) {
      await abort();
      throw error;
    }
  }

  const first = await buildInstance(settings);
  let current = first.instance;
  first.commit();
  current.activate();

  /** Never rejects: each reload waits for the one before it, so a rejected one would block all later ones. */
  async function reloadOnce(): Promise<boolean> {
    if (hasBeenDisabled()) return false;
    try {
      const { instance, commit, abort } = await buildInstance(await load());
      // A drain has begun while the instance was built.
      if (hasBeenDisabled()) {
        await abort();
        return false;
      }
      current = instance;
      commit();
    } catch (error) {
      log.error(problemsOf(error), 'reload failed: the previous configuration stays in force');
      runAfterReload(() => onReload?.(false));
      return false;
    }
    runAfterReload(() => current.activate());
    log.info({ routes: current.settings.routes.length }, 'configuration reloaded');
    runAfterReload(() => onReload?.(true));
    return true;
  }

  /** Runs a step after the replacement, which cannot be undone. So an error is logged, and the next step runs. */
  function runAfterReload(step: () => void): void {
    try {
      step();
    } catch (error) {
      log.error({ err: error }, 'part of a reload failed: some previous settings may still be in use');
    }
  }

  function reload(): Promise<boolean> {
    waiting ??= running.then(() => {
      waiting = undefined;
      const reloading = reloadOnce();
      running = reloading;
      return reloading;
    });
    return waiting;
  }

  return {
    current: () => current,
    reload,
    disable() {
      isDisabled = true;
    },
    async close() {
      isDisabled = true;
      await running;
      await resourcePool.close();
    },
  };
}

/** Returns the problems with line and column, as `tollgate start` prints them. */
function problemsOf(error: unknown): object {
  if (error instanceof ConfigError) return { problems: error.problems.map(String) };
  if (error instanceof ConfigUnreadable) return { problems: [error.message] };
  return { err: error };
}
