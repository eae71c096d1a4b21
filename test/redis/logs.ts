/** Logs for the tests of Redis: one that says nothing, and one that can be read. */
import type { Log } from '../../src/model/log.js';

export const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export function readableLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const write = (_: object, message: string) => void lines.push(message);
  return { log: { debug: write, info: write, warn: write, error: write }, lines };
}
