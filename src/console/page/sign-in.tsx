/** The sign-in page. */
import { useState } from 'preact/hooks';
import type { Login, Session } from '../api/session';
import { TextField } from './parts/field';
import { ApiError, request } from './request';

type Kind = 'developer' | 'administrator';

/** Asks for a user and password, or for the administrator's credential. */
export function SignIn({ onSignedIn }: { readonly onSignedIn: (session: Session) => void }) {
  const [kind, setKind] = useState<Kind>('developer');
  const [user, setUser] = useState('');
  const [secret, setSecret] = useState('');
  const [error, setError] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);

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
    }
  };
  const choose = (chosen: Kind) => () => {
    setKind(chosen);
    setSecret('');
    setError(undefined);
  };

  return (
    <main class="sign-in">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <div class="row rail-name">
          <img src="./icon.svg" alt="" width="24" height="24" />
          <h1>Sign in</h1>
        </div>
        <div class="tabs" role="tablist" aria-label="How to sign in">
          <Tab isSelected={kind === 'developer'} onChoose={choose('developer')} text="User" />
          <Tab
            isSelected={kind === 'administrator'}
            onChoose={choose('administrator')}
            text="Administrator"
          />
        </div>
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
          hint={kind === 'administrator' && 'The content of data/admin-token, or TOLLGATE_ADMIN_TOKEN.'}
        />
        {error !== undefined && (
          <p class="form-error" role="alert">
            {error}
          </p>
        )}
        <p class="sign-in-action">
          <button class="button primary" disabled={isBusy}>
            Sign in
          </button>
        </p>
      </form>
    </main>
  );
}

function Tab(props: { readonly isSelected: boolean; readonly onChoose: () => void; readonly text: string }) {
  return (
    <button type="button" role="tab" aria-selected={props.isSelected} onClick={props.onChoose}>
      {props.text}
    </button>
  );
}
