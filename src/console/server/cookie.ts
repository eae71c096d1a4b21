/** The session cookie: its name, its attributes, and reading it from a request. Used by `session-guard.ts` and the session's API. */
import type { Request, Response } from 'express';

/**
 * With TLS. The prefix makes browsers refuse it unless it is Secure, has no Domain and the path `/` (RFC 6265bis 4.1.3.2),
 * so that neither another host nor a page without TLS can set it.
 */
const SECURE = '__Host-tollgate';
/**
 * Without TLS. It has no Path, so a browser sends it below the folder of `api/session` alone (RFC 6265 5.1.4): to the API,
 * also where a proxy has put another path before the prefix.
 */
const PLAIN = 'tollgate_session';

/**
 * Returns the values of the session cookie, as sent. There are several where another host of the domain has set one too.
 *
 * @param isSecure whether the client uses TLS
 */
export function sessionCookies(req: Request, isSecure: boolean): readonly string[] {
  const prefix = `${isSecure ? SECURE : PLAIN}=`;
  return (req.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix))
    .map((pair) => pair.slice(prefix.length));
}

/** Sets the cookie, for as long as the browser runs. Only to be called by a response of `api/session`. */
export function setSessionCookie(res: Response, isSecure: boolean, value: string): void {
  res.append('Set-Cookie', `${nameAnd(isSecure, value)}; HttpOnly; SameSite=Strict`);
}

/** Deletes the cookie. Only to be called by a response of `api/session`. */
export function clearSessionCookie(res: Response, isSecure: boolean): void {
  res.append('Set-Cookie', `${nameAnd(isSecure, '')}; HttpOnly; SameSite=Strict; Max-Age=0`);
}

function nameAnd(isSecure: boolean, value: string): string {
  return isSecure ? `${SECURE}=${value}; Path=/; Secure` : `${PLAIN}=${value}`;
}
