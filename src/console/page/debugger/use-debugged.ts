/** Asks the gateway about a token, once for each token, shortly after the last key. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { DebuggedToken } from '../../api/token';
import type { Loaded } from '../load';
import { ApiError, request } from '../request';

const IDLE_MS = 300;

/** What the gateway says of a token. Nothing is asked for an empty text. */
export function useDebugged(token: string): Loaded<DebuggedToken> {
  const [state, setState] = useState<{ token: string; data?: DebuggedToken; error?: string }>();
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  useEffect(() => {
    setState((before) => (before?.token === token ? before : undefined));
    if (token === '') return undefined;
    let isCurrent = true;
    const ask = (): void => {
      request<DebuggedToken>('POST', 'token', { token }).then(
        (data) => isCurrent && setState({ token, data }),
        (error: unknown) => {
          const text = error instanceof ApiError ? error.message : 'The token cannot be checked.';
          if (isCurrent) setState({ token, error: text });
        },
      );
    };
    const timer = setTimeout(ask, IDLE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [token, round]);
  const current = state?.token === token ? state : undefined;
  return { data: current?.data, error: current?.error, reload };
}
