/** The session of the person who is signed in. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Session } from '../api/session';

/** The current session; pages are only drawn inside one. */
export const SessionContext = createContext<Session | undefined>(undefined);

/**
 * The current session.
 * @throws Error outside a page
 */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('there is no session here');
  return session;
}
