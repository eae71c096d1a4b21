/** The sign-in page. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Login, Session } from '../api/session';
import { TextField } from './parts/field';
import { notePageShown } from './parts/heading';
import { Tabs } from './parts/tabs';
import { ApiError, request } from './request';

type Kind = 'developer' | 'administrator';

const KINDS = [
  { key: 'developer', text: 'User' },
  { key: 'administrator', text: 'Administrator' },
] as const;

export interface SignInProps {
  readonly onSignedIn: (session: Session) => void;
  /** Whether there was a session, which has ended by itself. */
  readonly hasExpired: boolean;
}

/** Asks for a user and password, or for the administrator's credential. */
export function SignIn({ onSignedIn, hasExpired }: SignInProps) {
  const [kind, setKind] = useState<Kind>('developer');
  const [user, setUser] = useState('');
  const [secret, setSecret] = useState('');
  const [error, setError] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    document.title = 'Sign in – Tollgate';
    notePageShown();
    form.current?.querySelector('input')?.focus();
  }, []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setIsBusy(true);
    setError(undefined);
    const login: Login = kind === 'administrator' ? { credential: secret } : { user, password: secret };
    try {
      onSignedIn(await request<Session>('POST', 'session', login));
    } catch (problem) {
      setError(problem instanceof ApiError ? problem.message : 'Signing in failed. Try again.');
      setIsBusy(false);
      form.current?.querySelector<HTMLInputElement>('input[type=password]')?.select();
    }
  };
  const choose = (chosen: Kind): void => {
    setKind(chosen);
    setSecret('');
    setError(undefined);
  };

  return (
    <main class="sign-in">
      <form ref={form} class="card" onSubmit={(event) => void submit(event)}>
        <div class="row rail-name">
          <img src="./icon.svg" alt="" width="24" height="24" />
          <h1>Sign in</h1>
        </div>
        {hasExpired && (
          <p class="notice warn sign-in-notice" role="alert">
            Your session has ended. Sign in to continue where you were.
          </p>
        )}
        <Tabs label="How to sign in" tabs={KINDS} chosen={kind} onChoose={choose}>
          {kind === 'developer' && (
            <TextField label="User" value={user} onInput={setUser} autocomplete="username" required />
          )}
          <TextField
            key={kind}
            isSecret
            label={kind === 'developer' ? 'Password' : "Administrator's credential"}
            value={secret}
            onInput={setSecret}
            autocomplete={kind === 'developer' ? 'current-password' : 'off'}
            required
            hint={
              kind === 'administrator'
                ? 'The content of data/admin-token, or TOLLGATE_ADMIN_TOKEN.'
                : undefined
            }
          />
        </Tabs>
        {error !== undefined && (
          <p class="form-error" role="alert">
            {error}
          </p>
        )}
        <p class="sign-in-action">
          <button class="button primary" disabled={isBusy}>
            {isBusy ? 'Signing in' : 'Sign in'}
          </button>
        </p>
      </form>
    </main>
  );
}
