/** What the operator tells a running process by signals. */

/** Settles at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGTERM', stop).off('SIGINT', stop);
      resolve();
    };
    process.on('SIGTERM', stop).on('SIGINT', stop);
  });
}

/** SIGHUP: the file is to be read again, and the log's file to be opened anew. */
export function onHangup(reload: () => void): void {
  process.on('SIGHUP', reload);
}
