/** Compiles `console`. */
import type { ConsoleSettings } from '../../model/settings.js';
import type { Files } from '../files.js';
import type { Validated } from '../schema/schema.js';
import { compileListen } from './listen.js';

/** Compiles the console's keys; undefined where it is switched off. */
export function compileConsole(config: Validated['console'], files: Files): ConsoleSettings | undefined {
  if (config === false) return undefined;
  const { listen, prefix, name } = config;
  return { listen: listen && compileListen(listen, files), prefix, name };
}
