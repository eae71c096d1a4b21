/** The section in which an application's name, organization and scopes are changed. */
import { useState } from 'preact/hooks';
import type { AppChange, AppDetails, GrantableScopes } from '../../../api/apps';
import { useDraft } from '../../drafts';
import { nameError, useSending } from '../../form';
import { useLoaded } from '../../load';
import { TextField } from '../../parts/field';
import { FormError } from '../../parts/form-error';
import { ScopePicker } from '../../parts/scope-picker';
import { LoadedView } from '../../parts/states';
import { request } from '../../request';
import { covers, type GrantableScope } from '../../scopes';
import { useSession } from '../../session';
import type { SectionProps } from './keys';

/** Shows the settings, and saves changes. */
export function Settings(props: SectionProps) {
  const loaded = useLoaded<GrantableScopes>('scopes');
  return (
    <section class="card" aria-labelledby="settings">
      <h2 id="settings">Settings</h2>
      <LoadedView loaded={loaded}>
        {({ scopes }) => <SettingsForm {...props} grantable={scopes} />}
      </LoadedView>
    </section>
  );
}

type Draft = Pick<AppDetails, 'name' | 'organization' | 'scopes'>;

function SettingsForm({
  app,
  path,
  onChange,
  grantable,
}: SectionProps & { grantable: readonly GrantableScope[] }) {
  const { kind } = useSession();
  const [draft, setDraft] = useDraft<Draft>('settings', pick(app));
  const [isSaved, setIsSaved] = useState(false);
  const { isBusy, error, send } = useSending();
  const change = changeOf(app, draft);
  const edit = (part: Partial<Draft>): void => {
    setDraft({ ...draft, ...part });
    setIsSaved(false);
  };
  const problem =
    nameError('application', draft.name) ??
    (draft.scopes.length === 0 ? 'Choose at least one scope.' : undefined);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (problem !== undefined) return;
    const changed = await send(() => request<AppDetails>('PATCH', path, change));
    if (!changed) return;
    setIsSaved(true);
    onChange();
  };
  return (
    <form class="form" noValidate onSubmit={(event) => void submit(event)}>
      <TextField
        label="Name"
        value={draft.name}
        onInput={(name) => edit({ name })}
        autocomplete="off"
        required
      />
      {kind === 'administrator' && (
        <TextField
          label="Organization"
          value={draft.organization}
          onInput={(organization) => edit({ organization })}
          autocomplete="off"
        />
      )}
      <ScopePicker grantable={grantable} chosen={draft.scopes} onChange={(scopes) => edit({ scopes })} />
      {endsTokens(app, change) && (
        <p class="notice warn">
          The tokens that the application has now are refused within a second, and their open streams are
          closed: they carry what it no longer has. It gets new ones with the same secret.
        </p>
      )}
      <FormError error={error ?? problem} />
      <div class="row form-actions">
        <button class="button primary" disabled={isBusy || Object.keys(change).length === 0}>
          Save changes
        </button>
        <span role="status">{isSaved && <span class="state admitted">Saved</span>}</span>
      </div>
    </form>
  );
}

function pick({ name, organization, scopes }: AppDetails): Draft {
  return { name, organization, scopes };
}

/** The fields that differ. */
function changeOf(app: Draft, draft: Draft): AppChange {
  const isSame =
    app.scopes.length === draft.scopes.length && draft.scopes.every((one) => app.scopes.includes(one));
  return {
    ...(draft.name !== app.name && { name: draft.name }),
    ...(draft.organization !== app.organization && { organization: draft.organization }),
    ...(!isSame && { scopes: draft.scopes }),
  };
}

/** Whether the change takes something away that tokens carry. */
function endsTokens(app: Draft, { organization, scopes }: AppChange): boolean {
  const losesScope = scopes && app.scopes.some((old) => !scopes.some((one) => covers(one, old)));
  return organization !== undefined || losesScope === true;
}
