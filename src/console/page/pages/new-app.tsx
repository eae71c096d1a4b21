/** The page on which an application is created. */
import { useRef, useState } from 'preact/hooks';
import type { CreatedApp, GrantableScopes, NewApp } from '../../api/apps';
import { useDraft } from '../drafts';
import { nameError, useSending } from '../form';
import { useLoaded } from '../load';
import { TextField } from '../parts/field';
import { FormError } from '../parts/form-error';
import { Inline } from '../parts/name';
import { Page } from '../parts/page';
import { ScopePicker } from '../parts/scope-picker';
import { LoadedView } from '../parts/states';
import { request } from '../request';
import { linkTo } from '../router';
import type { GrantableScope } from '../scopes';
import { useSession } from '../session';
import { CreatedPage } from './created-app';

/** Asks for name, organization and scopes; afterwards it shows key and secret. */
export function NewAppPage() {
  const loaded = useLoaded<GrantableScopes>('scopes');
  const [created, setCreated] = useState<CreatedApp>();
  if (created) return <CreatedPage created={created} />;
  return (
    <Page title="New application" above={<a href={linkTo('apps')}>Apps</a>}>
      <LoadedView loaded={loaded}>
        {({ scopes }) => <NewAppForm grantable={scopes} onCreated={setCreated} />}
      </LoadedView>
    </Page>
  );
}

interface NewAppFormProps {
  readonly grantable: readonly GrantableScope[];
  readonly onCreated: (created: CreatedApp) => void;
}

function NewAppForm({ grantable, onCreated }: NewAppFormProps) {
  const session = useSession();
  const [app, setApp] = useDraft<NewApp>('app', {
    name: '',
    organization: session.organization ?? '',
    scopes: [],
  });
  const [isChecked, setIsChecked] = useState(false);
  const { isBusy, error, send } = useSending();
  const form = useRef<HTMLFormElement>(null);
  const nameProblem = isChecked ? nameError('application', app.name) : undefined;
  const scopesProblem = isChecked && app.scopes.length === 0 ? 'Choose at least one scope.' : undefined;

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setIsChecked(true);
    const isNamed = nameError('application', app.name) === undefined;
    if (!isNamed || app.scopes.length === 0) {
      const place = isNamed ? '.scope-picker input' : 'input';
      form.current?.querySelector<HTMLInputElement>(place)?.focus();
      return;
    }
    const created = await send(() => request<CreatedApp>('POST', 'apps', app));
    if (created) onCreated(created);
  };
  return (
    <form ref={form} class="card form" noValidate onSubmit={(event) => void submit(event)}>
      <TextField
        label="Name"
        value={app.name}
        onInput={(name) => setApp({ ...app, name })}
        error={nameProblem}
        autocomplete="off"
        required
      />
      {session.kind === 'administrator' ? (
        <TextField
          label="Organization"
          value={app.organization}
          onInput={(organization) => setApp({ ...app, organization })}
          autocomplete="organization"
          hint="The developers of this organization see the application. It may be empty."
        />
      ) : (
        <div class="field">
          <p class="label">Organization</p>
          <p>
            <Inline text={session.organization ?? ''} />
          </p>
        </div>
      )}
      <ScopePicker
        grantable={grantable}
        chosen={app.scopes}
        onChange={(scopes) => setApp({ ...app, scopes })}
        error={scopesProblem}
      />
      <FormError error={error ?? nameProblem ?? scopesProblem} />
      <div class="row form-actions">
        <button class="button primary" disabled={isBusy}>
          Create application
        </button>
        <a class="button" href={linkTo('apps')}>
          Cancel
        </a>
      </div>
    </form>
  );
}
