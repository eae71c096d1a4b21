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

  const current = useRef<Session | undefined>(undefined);

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
    try {
      begin(await get<Session>('session'));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) end();
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
  const signOut = async (): Promise<void> => {
    await request('DELETE', 'session').catch(() => undefined);
    // The next person begins at the beginning.
    goTo();
    current.current = undefined;
    setSession(undefined);
  };

  if (session === 'unknown') return isConnected ? null : <LostConnection />;
  if (session === undefined || session === 'expired')
    return <SignIn onSignedIn={begin} hasExpired={session === 'expired'} />;
  return (
    <SessionContext.Provider value={session}>
      <Frame place={place} onSignOut={() => void signOut()}>
        {!isConnected && <LostConnection />}
        {pageAt(place, session)}
      </Frame>
    </SessionContext.Provider>
  );
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
