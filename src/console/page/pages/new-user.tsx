/** The page on which an administrator adds a user. */
import { useRef, useState } from 'preact/hooks';
import type { NewUser } from '../../api/administration';
import type { GrantableScopes } from '../../api/apps';
import { useDraft } from '../drafts';
import { nameError, useSending } from '../form';
import { useLoaded } from '../load';
import { TextField } from '../parts/field';
import { FormError } from '../parts/form-error';
import { Page } from '../parts/page';
import { ScopePicker } from '../parts/scope-picker';
import { LoadedView } from '../parts/states';
import { request } from '../request';
import { goTo, linkTo } from '../router';
import type { GrantableScope } from '../scopes';

/** Asks for name, password, organization and scopes. */
export function NewUserPage() {
  const loaded = useLoaded<GrantableScopes>('scopes');
  return (
    <Page title="New user" above={<a href={linkTo('users')}>Users</a>}>
      <LoadedView loaded={loaded}>{({ scopes }) => <NewUserForm grantable={scopes} />}</LoadedView>
    </Page>
  );
}

function NewUserForm({ grantable }: { readonly grantable: readonly GrantableScope[] }) {
  const [user, setUser] = useDraft<NewUser>(
    'user',
    { name: '', password: '', organization: '', scopes: [] },
    (draft) => ({ ...draft, password: '' }),
  );
  const [isChecked, setIsChecked] = useState(false);
  const { isBusy, error, send } = useSending();
  const form = useRef<HTMLFormElement>(null);
  const edit = (part: Partial<NewUser>): void => setUser({ ...user, ...part });
  const nameProblem = nameError('user', user.name);
  const passwordProblem = user.password === '' ? 'Give the user a password.' : undefined;

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setIsChecked(true);
    if (nameProblem !== undefined || passwordProblem !== undefined) {
      const place = nameProblem === undefined ? 'input[type=password]' : 'input';
      form.current?.querySelector<HTMLInputElement>(place)?.focus();
      return;
    }
    const isDone = await send(async () => {
      await request('POST', 'users', user);
      return true;
    });
    if (isDone) goTo('users');
  };
  return (
    <form ref={form} class="card form" noValidate onSubmit={(event) => void submit(event)}>
      <TextField
        label="Name"
        value={user.name}
        onInput={(name) => edit({ name })}
        error={isChecked ? nameProblem : undefined}
        autocomplete="off"
        required
      />
      <TextField
        isSecret
        label="Password"
        value={user.password}
        onInput={(password) => edit({ password })}
        error={isChecked ? passwordProblem : undefined}
        autocomplete="new-password"
        required
      />
      <TextField
        label="Organization"
        value={user.organization}
        onInput={(organization) => edit({ organization })}
        autocomplete="off"
        hint="The user sees the applications of this organization, and creates them for it. Without one the user sees none."
      />
      <ScopePicker grantable={grantable} chosen={user.scopes} onChange={(scopes) => edit({ scopes })} />
      <p class="soft small">
        The user's tokens have these scopes, and the user can grant them to applications.
      </p>
      <FormError error={error ?? (isChecked ? (nameProblem ?? passwordProblem) : undefined)} />
      <div class="row form-actions">
        <button class="button primary" disabled={isBusy}>
          Create user
        </button>
        <a class="button" href={linkTo('users')}>
          Cancel
        </a>
      </div>
    </form>
  );
}
