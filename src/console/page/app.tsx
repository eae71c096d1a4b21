/** The page: the session, the frame around every page, and the page of the current place. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Session } from '../api/session';
import { leaveDrafts, returnToDrafts } from './drafts';
import { Frame } from './frame';
import { pageAt } from './pages';
import { goTo, usePlace } from './router';
import { ApiError, get, listenToRequests, request, useCsrf } from './request';
import { SessionContext } from './session';
import { SignIn } from './sign-in';

const SESSION_EVERY_MS = 15_000;

/** Shows the sign-in page without a session, and the page of the address with one. */
export function App() {
  const [session, setSession] = useState<Session | 'unknown' | 'expired' | undefined>('unknown');
  const [isConnected, setIsConnected] = useState(true);
  const place = usePlace();

  const [signOutError, setSignOutError] = useState<string>();
  const current = useRef<Session | undefined>(undefined);
  /** How often someone has signed in or out. What was asked before that says nothing of the session after it. */
  const changes = useRef(0);

  const begin = useCallback((next: Session) => {
    if (!current.current) returnToDrafts(next);
    current.current = next;
    useCsrf(next.csrf);
    setSession(next);
  }, []);
  const end = useCallback(() => {
    if (current.current) leaveDrafts(current.current);
    current.current = undefined;
    setSession(ended);
  }, []);
  const load = useCallback(async () => {
    const before = changes.current;
    try {
      const next = await get<Session>('session');
      if (changes.current === before) begin(next);
    } catch (error) {
      if (changes.current === before && isUnauthorized(error)) end();
    }
  }, [begin, end]);
  useEffect(() => {
    listenToRequests({ onSignedOut: end, onConnection: setIsConnected });
    void load();
    const timer = setInterval(() => {
      if (!document.hidden) void load();
    }, SESSION_EVERY_MS);
    return () => clearInterval(timer);
  }, [load, end]);
  const signIn = (next: Session): void => {
    changes.current += 1;
    begin(next);
  };
  const signOut = async (): Promise<void> => {
    setSignOutError(undefined);
    try {
      await request('DELETE', 'session');
    } catch (error) {
      // The page cannot delete the cookie, so the session goes on, and the next person would have it.
      if (!isUnauthorized(error)) {
        setSignOutError(error instanceof ApiError ? error.message : 'Try again.');
        return;
      }
    }
    changes.current += 1;
    // The next person begins at the beginning.
    goTo();
    current.current = undefined;
    setSession(undefined);
  };

  if (session === 'unknown') return isConnected ? null : <LostConnection />;
  if (session === undefined || session === 'expired')
    return <SignIn onSignedIn={signIn} hasExpired={session === 'expired'} />;
  return (
    <SessionContext.Provider value={session}>
      <Frame place={place} onSignOut={() => void signOut()}>
        {!isConnected && <LostConnection />}
        {signOutError !== undefined && (
          <p class="notice bad" role="alert">
            You are still signed in: signing out failed. {signOutError}
          </p>
        )}
        {pageAt(place, session)}
      </Frame>
    </SessionContext.Provider>
  );
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

/** What becomes of a session that the gateway no longer knows. */
function ended(before: Session | 'unknown' | 'expired' | undefined): 'expired' | undefined {
  return typeof before === 'object' || before === 'expired' ? 'expired' : undefined;
}

function LostConnection() {
  return (
    <p class="lost-connection" role="alert">
      The gateway cannot be reached. Trying again.
    </p>
  );
}
