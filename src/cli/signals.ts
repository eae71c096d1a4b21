/** The signals that a running process handles: SIGTERM and SIGINT to stop, SIGHUP to reload. */

/** Resolves at the first SIGTERM or SIGINT. A second one ends the process at once. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGTERM', stop).off('SIGINT', stop);
      resolve();
    };
    process.on('SIGTERM', stop).on('SIGINT', stop);
  });
}

/** Calls `reload` at each SIGHUP: to read the file again and reopen the log's file. */
export function onHangup(reload: () => void): void {
  process.on('SIGHUP', reload);
}
