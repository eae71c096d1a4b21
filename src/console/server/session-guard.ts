/**
 * Finds the session of a request, and refuses what may be another site's. Its middlewares come before every router of the
 * console's API.
 *
 *   requireSameOrigin ─ every change: Origin and Sec-Fetch-Site, and a JSON body
 *   requireSession ──── a signed session that is not revoked; every change: the CSRF value
 */
import { timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { ApiError } from '../../admin/api-error.js';
import type { Actor } from '../../tokens/administration/policy.js';
import { sessionCookies } from './cookie.js';
import type { ConsoleSession, Sessions } from './sessions.js';

/** What the gateway knows of a client, behind a proxy too. */
export interface ConsoleClient {
  readonly ip: string;
  /** Whether it uses TLS. */
  readonly isSecure: boolean;
}

export interface SessionGuardOptions {
  readonly sessions: Sessions;
  readonly clientOf: (req: Request) => ConsoleClient;
  /** Whether the session was signed out, or its user is gone. */
  readonly isEnded: (session: ConsoleSession) => boolean;
}

/** Methods that change nothing (RFC 9110 9.2.1). */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD']);
const found = new WeakMap<Request, ConsoleSession>();

/** Returns the session of a request that `requireSession` admitted. Throws for any other: that is a bug. */
export function sessionOf(req: Request): ConsoleSession {
  const session = found.get(req);
  if (!session) throw new Error('the request did not pass requireSession');
  return session;
}

/** Returns who makes a request that `requireSession` admitted. Throws for any other: that is a bug. */
export function actorOf(req: Request): Actor {
  return sessionOf(req).actor;
}

/** Returns the session of the request's cookie; undefined where there is none that is in force. */
export function findSession(
  req: Request,
  { sessions, clientOf, isEnded }: SessionGuardOptions,
): ConsoleSession | undefined {
  for (const text of sessionCookies(req, clientOf(req).isSecure)) {
    const session = sessions.read(text);
    if (session && !isEnded(session)) return session;
  }
  return undefined;
}

/**
 * Makes the middleware that requires a session: 401 without one, and 403 for a change without the session's CSRF value.
 */
export function requireSession(options: SessionGuardOptions): RequestHandler {
  const { sessions } = options;
  return (req, _res, next) => {
    const session = findSession(req, options);
    if (!session) throw new ApiError(401, 'Sign in first');
    if (!SAFE.has(req.method) && !isEqual(req.get('x-tollgate-csrf') ?? '', sessions.csrfOf(session)))
      throw new ApiError(403, 'The X-Tollgate-CSRF field is not that of this session; load the page again');
    found.set(req, session);
    next();
  };
}

/**
 * Makes the middleware that refuses a change that a page of another origin may have sent (403), and a body that is not
 * JSON (415), which a page could send without the browser asking first. Clients that are no browsers send neither field.
 */
export function requireSameOrigin(clientOf: SessionGuardOptions['clientOf']): RequestHandler {
  return (req, _res, next) => {
    if (SAFE.has(req.method)) {
      next();
      return;
    }
    const site = req.get('sec-fetch-site');
    const origin = req.get('origin');
    if (
      (site !== undefined && site !== 'same-origin') ||
      (origin !== undefined && !isOwnOrigin(origin, req.get('host') ?? '', clientOf(req)))
    )
      throw new ApiError(403, 'The request comes from a page of another origin');
    const hasBody = req.get('transfer-encoding') !== undefined || Number(req.get('content-length') ?? 0) > 0;
    if (hasBody && req.is('application/json') === false)
      throw new ApiError(415, 'The body must have the type application/json');
    next();
  };
}

/** RFC 6454 7. A proxy that ends TLS may not say so, so without TLS here either scheme is accepted. */
function isOwnOrigin(origin: string, host: string, { isSecure }: ConsoleClient): boolean {
  const allowed = isSecure ? [`https://${host}`] : [`http://${host}`, `https://${host}`];
  return allowed.some((text) => URL.canParse(text) && new URL(text).origin === origin.toLowerCase());
}

function isEqual(one: string, other: string): boolean {
  const [given, expected] = [Buffer.from(one), Buffer.from(other)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}
