/**
 * The generations of a running gate: the file is read again, the next gate is made of it, and takes the place of the one
 * before between two requests. A file that cannot be used changes nothing but the log and the metrics.
 */
import { ConfigError, ConfigUnreadable } from '../config/config.js';
import { createResourcePool, type Reuse } from './resource-pool.js';
import type { Log } from '../model/log.js';
import type { Settings } from '../model/settings.js';

/** What is made of one reading of the file. */
export interface ReloadableGateway {
  readonly settings: Settings;
  /** Called when it has become the current one: what was handed on to it follows its settings from now on. */
  activate(): void;
}

export interface ConfigReloaderOptions<G> {
  /** Reads the file. Rejects with ConfigError or ConfigUnreadable where it cannot be used. */
  readonly load: () => Promise<Settings>;
  /** Rejects where something that the file names cannot be opened. */
  readonly build: (settings: Settings, keep: Reuse) => Promise<G>;
  readonly log: Log;
  /** Told how each reload ended. */
  readonly onReload?: (isInForce: boolean) => void;
}

export interface ConfigReloader<G> {
  /** The one in force. A request reads it once. */
  readonly current: () => G;
  /**
   * One at a time: who asks while one is under way waits for the next, which all who wait share.
   *
   * @returns whether the file as it is now is in force; never rejects
   */
  reload(): Promise<boolean>;
  /** From now on nothing is reloaded. */
  disable(): void;
  /** Ends what the generations stand on; requests under way should have ended before. */
  close(): Promise<void>;
}

/** @param settings as they were read at the start */
export async function openConfigReloader<G extends ReloadableGateway>(
  settings: Settings,
  { load, build, log, onReload }: ConfigReloaderOptions<G>,
): Promise<ConfigReloader<G>> {
  const resourcePool = createResourcePool({ log });
  let isDisabled = false;
  let running: Promise<unknown> = Promise.resolve();
  let waiting: Promise<boolean> | undefined;

  /** A function, since the compiler takes what it has seen once for settled, after waiting too. */
  const hasBeenDisabled = (): boolean => isDisabled;

  /** Makes a generation; it is in force once it is committed. */
  async function buildInstance(
    from: Settings,
  ): Promise<{ generation: G; commit: () => void; abort: () => Promise<void> }> {
    const { reuse, commit, abort } = resourcePool.begin();
    try {
      return { generation: await build(from, reuse), commit, abort };
    } catch (error) {
      await abort();
      throw error;
    }
  }

  const first = await buildInstance(settings);
  let current = first.generation;
  first.commit();
  current.activate();

  /** Never rejects: each reload waits for the one before it, so one that rejects would be the last. */
  async function reloadOnce(): Promise<boolean> {
    if (hasBeenDisabled()) return false;
    try {
      const { generation, commit, abort } = await buildInstance(await load());
      // A drain has begun meanwhile: what is ending is not begun anew.
      if (hasBeenDisabled()) {
        await abort();
        return false;
      }
      current = generation;
      commit();
    } catch (error) {
      log.error(problemsOf(error), 'the file cannot be used: the one before stays in force');
      follow(() => onReload?.(false));
      return false;
    }
    follow(() => current.activate());
    log.info({ routes: current.settings.routes.length }, 'the file was loaded again and is in force');
    follow(() => onReload?.(true));
    return true;
  }

  /** Runs what follows a reload. It is too late to go back then, so an error is logged and the rest goes on. */
  function follow(step: () => void): void {
    try {
      step();
    } catch (error) {
      log.error({ err: error }, 'part of a reload failed: the gate may use some settings of the file before');
    }
  }

  function reload(): Promise<boolean> {
    waiting ??= running.then(() => {
      waiting = undefined;
      const replacing = reloadOnce();
      running = replacing;
      return replacing;
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

/** Each with its line and column, as `tollgate start` would print them. */
function problemsOf(error: unknown): object {
  if (error instanceof ConfigError) return { problems: error.problems.map(String) };
  if (error instanceof ConfigUnreadable) return { problems: [error.message] };
  return { err: error };
}
