/** Decides when the set is read: one reading at a time, shared by all requests with the same new revision. */

export interface RefreshScheduler {
  /** Reads again. A reading in progress may have started before the change, so another one follows it. */
  readonly refresh: () => Promise<void>;
  /** Called with a revision. For a new one, the promise settles after a reading or after `maxWaitMs`. */
  readonly onRevisionHint: (revision: number) => Promise<void> | undefined;
}

/**
 * Creates the scheduler. Nothing rejects.
 * @param read must not reject
 * @param maxWaitMs the longest wait for a reading, in milliseconds
 */
export function createRefreshScheduler(read: () => Promise<void>, maxWaitMs: number): RefreshScheduler {
  let reading: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  /** The last revision that was reported, and the wait for its reading. */
  let followed: number | undefined;
  let following: Promise<void> | undefined;

  function refresh(): Promise<void> {
    if (!reading) return (reading = read().finally(() => (reading = undefined)));
    return (next ??= reading.then(() => {
      next = undefined;
      return refresh();
    }));
  }

  return {
    refresh,
    onRevisionHint(revision) {
      if (revision === followed) return following;
      followed = revision;
      const waiting = within(refresh(), maxWaitMs).finally(() => {
        if (following === waiting) following = undefined;
      });
      return (following = waiting);
    },
  };
}

/** Resolves when the work settles or after `ms`, whichever is first. The work continues. */
function within(work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, ms);
    work.then(done, done);
  });
}
