/** When the set is read: one reading at a time, and one for everybody who was told of the same change. */

export interface Follower {
  /** Reads once more. A reading that is under way may have begun before the change: then another follows it. */
  readonly refresh: () => Promise<void>;
  /** Told of a revision; for a new one, what to wait for: a reading, or the end of patience. */
  readonly follow: (revision: number) => Promise<void> | undefined;
}

/** @param read never rejects */
export function createFollower(read: () => Promise<void>, patienceMs: number): Follower {
  let reading: Promise<void> | undefined;
  let reader: Promise<void> | undefined;
  /** The last number that was told, and who waits for what it means. */
  let followed: number | undefined;
  let following: Promise<void> | undefined;

  function refresh(): Promise<void> {
    if (!reading) return (reading = read().finally(() => (reading = undefined)));
    return (reader ??= reading.then(() => {
      reader = undefined;
      return refresh();
    }));
  }

  return {
    refresh,
    follow(revision) {
      if (revision === followed) return following;
      followed = revision;
      const mine = within(refresh(), patienceMs).finally(() => {
        if (following === mine) following = undefined;
      });
      return (following = mine);
    },
  };
}

/** Settles with the work or when the time is over, whichever is first; the work goes on. */
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
