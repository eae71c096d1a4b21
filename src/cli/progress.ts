/** One line on standard error that says what a command is waiting for, while it takes over a second. */
import type { Terminal } from './command.js';

const AFTER_MS = 1000;
const EVERY_MS = 250;

/**
 * Runs work, and shows a line while it takes over a second; the line is cleared at the end. Does nothing unless standard
 * error is a terminal.
 * @param lineOf is called again and again, so the line can count
 */
export async function withProgress<T>(
  { showStatus }: Pick<Terminal, 'showStatus'>,
  lineOf: () => string,
  work: Promise<T>,
): Promise<T> {
  if (!showStatus) return work;
  let repeat: NodeJS.Timeout | undefined;
  const start = setTimeout(() => {
    showStatus(lineOf());
    repeat = setInterval(() => showStatus(lineOf()), EVERY_MS);
  }, AFTER_MS);
  try {
    return await work;
  } finally {
    clearTimeout(start);
    clearInterval(repeat);
    if (repeat !== undefined) showStatus(undefined);
  }
}
