/** Opens the log of a process. Called by `serve.ts`, by the primary and by `src/index.ts`. */
import type { LogSettings } from '../model/settings.js';
import { createLog, type OperatorLog } from '../telemetry/log.js';
import { logUnhandled } from './unhandled.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Opens the log, with colours where it is readable and goes to a terminal.
 *
 * @param worker the worker's number, written in every line; undefined: a single process
 * @throws Error if the file cannot be opened
 */
export function openLog(settings: LogSettings, env: Environment, worker?: number): OperatorLog {
  return createLog(settings, { worker, colors: hasColors(process.stdout, env) });
}

/** As `openLog`. The log also gets rejections that nothing handles, and Node's warnings. */
export function openProcessLog(settings: LogSettings, env: Environment, worker?: number): OperatorLog {
  const opened = openLog(settings, env, worker);
  const restoreDefaults = logUnhandled(opened.log);
  return {
    ...opened,
    close() {
      restoreDefaults();
      return opened.close();
    },
  };
}

/** Returns whether a stream is a terminal with colours, and NO_COLOR (no-color.org) is not set. */
function hasColors(stream: { readonly isTTY?: boolean }, env: Environment): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}
