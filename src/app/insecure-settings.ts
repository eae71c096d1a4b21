/** Warnings about what the file switches off. Called by `serve.ts`, the primary and `src/index.ts`. */
import type { Log } from '../model/log.js';
import type { Settings } from '../model/settings.js';

/** Logs each key of the file that switches off a protection, at a start and after a reload. */
export function warnOfInsecureSettings({ source, insecure }: Settings, log: Log): void {
  for (const { key, line, text } of insecure) {
    log.warn(
      { key, ...(line > 0 && { file: source, line }), problem: text },
      'an insecure setting is in force',
    );
  }
}
