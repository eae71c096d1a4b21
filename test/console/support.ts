/** For tests of the console: a browser that keeps its cookie, and signs in. */
import type { Session } from '../../src/console/api/session.js';
import { ADMIN_TOKEN } from '../support/gate.js';

export interface Browser {
  /** The origin and the prefix: `http://127.0.0.1:PORT/console`. */
  readonly base: string;
  /** What the browser would send as the Cookie field. */
  cookie: string;
  csrf: string;
  /** Sends a request to the API with the cookie and the CSRF value; a body is JSON. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Response>;
  /** The JSON of a response that must succeed. */
  readonly json: <T = Record<string, unknown>>(method: string, path: string, body?: unknown) => Promise<T>;
  readonly signIn: (login: object) => Promise<Session>;
}

export const ADMINISTRATOR = { credential: ADMIN_TOKEN };

/** @param base the console's address, without a slash at its end */
export function openBrowser(base: string): Browser {
  const browser: Browser = {
    base,
    cookie: '',
    csrf: '',
    async ask(method, path, body, headers = {}) {
      const response = await fetch(`${base}/api/${path}`, {
        method,
        redirect: 'manual',
        headers: {
          cookie: browser.cookie,
          ...(method !== 'GET' && { 'x-tollgate-csrf': browser.csrf }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      for (const set of response.headers.getSetCookie()) browser.cookie = set.split(';')[0]!;
      return response;
    },
    async json<T>(method: string, path: string, body?: unknown) {
      const response = await browser.ask(method, path, body);
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    async signIn(login) {
      const session = await browser.json<Session>('POST', 'session', login);
      browser.csrf = session.csrf;
      return session;
    },
  };
  return browser;
}

/** The code and the message of an error. */
export async function errorOf(response: Response): Promise<string> {
  const { errors } = (await response.json()) as { errors: { message: string }[] };
  return `${response.status} ${errors[0]!.message}`;
}
