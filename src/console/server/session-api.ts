/** `api/session` of the console: who is signed in, sign in, sign out. Mounted by `console.ts` before every other router. */
import { Router, type Request, type Response } from 'express';
import { ApiError, fieldsOf, textOf } from '../../admin/api-error.js';
import type { CheckCredential } from '../../admin/require-credential.js';
import type { Actor } from '../../tokens/administration/policy.js';
import { Throttled } from '../../tokens/failed-attempts.js';
import type { UserLogin } from '../../tokens/user-login.js';
import type { GatewayState, Session } from '../api/session.js';
import { clearSessionCookie, setSessionCookie } from './cookie.js';
import { findSession, requireSession, sessionOf, type SessionGuardOptions } from './session-guard.js';
import type { ConsoleSession } from './sessions.js';

export interface SessionApiOptions extends SessionGuardOptions {
  readonly checkCredential: CheckCredential;
  /** Verifies a user's name and password; undefined without a token service. */
  readonly logIn: UserLogin | undefined;
  /** Ends a session everywhere, before its own end. */
  readonly end: (session: ConsoleSession, lastEndMs: number) => Promise<void>;
  /** The state of the gateway now, as an actor may see it. */
  readonly state: (actor: Actor) => Promise<GatewayState>;
  /** Records who signed in or out. */
  readonly onSignIn: (action: 'signed_in' | 'signed_out', session: ConsoleSession, clientIp: string) => void;
}

/** One text for every wrong login, so that it does not reveal which users there are. */
const WRONG = 'Signing in failed: the user is unknown, or the password or the credential is wrong';
const BUSY = 'Too many logins at once; try again';

/** Creates the router. Responds 401 without a session and to a wrong login, 429 to too many, 503 without the registry. */
export function createSessionApi(options: SessionApiOptions): Router {
  const { sessions, clientOf, end, onSignIn } = options;
  const api = Router();

  api.get('/session', requireSession(options), async (req, res) => {
    const session = sessionOf(req);
    const renewed = sessions.renewed(session);
    if (renewed) setSessionCookie(res, clientOf(req).isSecure, sessions.sign(renewed));
    res.json(await viewOf(renewed ?? session, options));
  });
  api.post('/session', async (req, res) => {
    const before = findSession(req, options);
    const session = await logIn(req, res, options);
    const { ip, isSecure } = clientOf(req);
    // The session of before is another person's or an older one of the same: its id is never used again.
    if (before) await end(before, sessions.lastEndOf(before));
    onSignIn('signed_in', session, ip);
    setSessionCookie(res, isSecure, sessions.sign(session));
    res.json(await viewOf(session, options));
  });
  api.delete('/session', requireSession(options), async (req, res) => {
    const session = sessionOf(req);
    const { ip, isSecure } = clientOf(req);
    await end(session, sessions.lastEndOf(session));
    onSignIn('signed_out', session, ip);
    clearSessionCookie(res, isSecure);
    res.status(204).end();
  });
  return api;
}

async function logIn(req: Request, res: Response, options: SessionApiOptions): Promise<ConsoleSession> {
  const { credential, ...user } = fieldsOf(req.body, ['credential', 'user', 'password']);
  const { ip } = options.clientOf(req);
  if (credential === undefined)
    return logInUser(textOf(user['user'], 'user'), textOf(user['password'], 'password'), ip, res, options);
  if (Object.keys(user).length > 0)
    throw new ApiError(400, 'give either "credential", or "user" and "password"');
  const result = await options.checkCredential(textOf(credential, 'credential'), ip);
  if (result === 'crowded') throw tooMany(res, 1);
  if (result === 'wrong') throw new ApiError(401, WRONG);
  return options.sessions.begin({ kind: 'administrator' }, 0);
}

async function logInUser(
  name: string,
  password: string,
  address: string,
  res: Response,
  { sessions, logIn: verify }: SessionApiOptions,
): Promise<ConsoleSession> {
  // Without a token service there are no users.
  if (!verify) throw new ApiError(401, WRONG);
  const user = await verify(name, password, { address, isWanted: () => !res.destroyed }).catch(() => {
    throw new ApiError(503, 'The registry is unavailable; try again');
  });
  if (user instanceof Throttled) throw tooMany(res, user.retryAfterS);
  if (user === undefined) throw new ApiError(401, WRONG);
  if (user === 'busy') {
    res.set('Retry-After', '1');
    throw new ApiError(503, BUSY);
  }
  const { organization, scopes, generation } = user;
  return sessions.begin({ kind: 'developer', user: user.name, organization, scopes }, generation);
}

function tooMany(res: Response, retryAfterS: number): ApiError {
  res.set('Retry-After', String(retryAfterS));
  return new ApiError(429, 'Too many failed attempts; try again later');
}

async function viewOf(
  session: ConsoleSession,
  { sessions, state, logIn: login }: SessionApiOptions,
): Promise<Session> {
  const { actor } = session;
  const isDeveloper = actor.kind === 'developer';
  return {
    kind: actor.kind,
    name: isDeveloper ? actor.user : 'Administrator',
    organization: isDeveloper ? (actor.organization ?? null) : null,
    scopes: isDeveloper ? actor.scopes : [],
    csrf: sessions.csrfOf(session),
    expires_at: Math.floor(sessions.endOf(session) / 1000),
    gateway: await state(actor),
    has_token_service: login !== undefined,
  };
}
