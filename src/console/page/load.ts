/** Loads what a page shows, and loads it again. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get } from './request';

/** What a page shows: nothing yet, the data, or an error. Old data stays while it is loaded again. */
export interface Loaded<T> {
  readonly data: T | undefined;
  readonly error: string | undefined;
  /** Loads it again now. */
  readonly reload: () => void;
}

/**
 * Loads data, and loads it again at an interval while the page is visible.
 * @param path of the API; a change loads the new one; undefined: nothing is loaded
 * @param everyMs 0: only once
 */
export function useLoaded<T>(path: string | undefined, everyMs = 0): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: string; path?: string }>({});
  const current = useRef(path);
  current.current = path;
  const reload = useCallback(() => {
    if (path === undefined) return;
    get<T>(path).then(
      (data) => {
        if (current.current === path) setState({ data, path });
      },
      (error: unknown) => {
        if (current.current !== path) return;
        const message = error instanceof ApiError ? error.message : 'This cannot be shown.';
        setState((before) => ({ ...(before.path === path && before), error: message, path }));
      },
    );
  }, [path]);
  useEffect(() => {
    reload();
    if (everyMs === 0) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) reload();
    }, everyMs);
    return () => clearInterval(timer);
  }, [reload, everyMs]);
  const isCurrent = state.path === path;
  return { data: isCurrent ? state.data : undefined, error: isCurrent ? state.error : undefined, reload };
}
