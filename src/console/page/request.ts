/** Requests to the console's API. Every response is JSON; every error is an `ApiError`. */

/** An error of the API, or a lost connection (status 0). */
export class ApiError extends Error {
  /**
   * @param status of the response; 0 where there was none
   * @param message what to do, as the gateway says it
   */
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Called with the state of the connection to the gateway and of the session. */
export interface RequestEvents {
  /** The session has ended. */
  readonly onSignedOut: () => void;
  /** Whether the last request reached the gateway. */
  readonly onConnection: (isUp: boolean) => void;
}

/** A gateway that does not respond for so long cannot be reached. */
const READ_TIMEOUT_MS = 10_000;

let csrf = '';
let events: RequestEvents = { onSignedOut: () => undefined, onConnection: () => undefined };

/** Sets who hears of the end of the session and of a lost connection. */
export function listenToRequests(listener: RequestEvents): void {
  events = listener;
}

/** Sets the token that shows that a change comes from this page. */
export function useCsrf(token: string): void {
  csrf = token;
}

/**
 * Sends a request.
 * @param path below `api/`, relative to the page, so that it works below any prefix
 * @throws ApiError
 */
export async function request<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`api/${path}`, {
    method,
    // A change may take effect although nothing is heard of it, so it is waited for.
    ...(method === 'GET' && { signal: AbortSignal.timeout(READ_TIMEOUT_MS) }),
    credentials: 'same-origin',
    headers: {
      Accept: 'application/json',
      ...(method !== 'GET' && { 'X-Tollgate-CSRF': csrf }),
      ...(body && { 'Content-Type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  }).catch(() => undefined);
  events.onConnection(response !== undefined);
  if (!response) throw new ApiError(0, 'The gateway cannot be reached. Trying again.');
  if (response.status === 204) return undefined as T;
  const data: unknown = await response.json().catch(() => undefined);
  if (response.ok) return data as T;
  if (response.status === 401 && path !== 'session') events.onSignedOut();
  throw new ApiError(response.status, messageOf(data) ?? `The gateway responded with ${response.status}.`);
}

/** Reads. */
export function get<T>(path: string): Promise<T> {
  return request<T>('GET', path);
}

function messageOf(data: unknown): string | undefined {
  const { errors } = (data ?? {}) as { errors?: readonly { message?: unknown }[] };
  const message = errors?.[0]?.message;
  return typeof message === 'string' ? message : undefined;
}
