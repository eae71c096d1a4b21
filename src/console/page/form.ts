/** What forms share: sending, the error to show, and whether a request is under way. */
import { useState } from 'preact/hooks';
import { ApiError } from './request';

export interface Sending {
  readonly isBusy: boolean;
  readonly error: string | undefined;
  /** Runs a change. Resolves to undefined where it failed; `error` then says why. */
  readonly send: <T>(change: () => Promise<T>) => Promise<T | undefined>;
}

/** Sends changes, one at a time. */
export function useSending(): Sending {
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<string>();
  const send = async <T>(change: () => Promise<T>): Promise<T | undefined> => {
    if (isBusy) return undefined;
    setIsBusy(true);
    setError(undefined);
    try {
      return await change();
    } catch (problem) {
      setError(problem instanceof ApiError ? problem.message : 'This did not work. Try again.');
      return undefined;
    } finally {
      setIsBusy(false);
    }
  };
  return { isBusy, error, send };
}

/** The error of a name; undefined where it can be sent. The gateway knows what else a name cannot be. */
export function nameError(what: string, name: string): string | undefined {
  return name.trim() === '' ? `Give the ${what} a name.` : undefined;
}
