/** Loggers for the tests of Redis: a silent one, and one that can be read. */
import type { Log } from '../../src/model/log.js';

export const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** @returns `lines` has the messages, `reasons` the reason of each line that gives one */
export function readableLog(): { log: Log; lines: string[]; reasons: string[] } {
  const lines: string[] = [];
  const reasons: string[] = [];
  const write = (fields: object, message: string): void => {
    lines.push(message);
    if ('reason' in fields) reasons.push(String(fields.reason));
  };
  return { log: { debug: write, info: write, warn: write, error: write }, lines, reasons };
}
