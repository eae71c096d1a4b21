/** The end of an application: asked for by its name, and shown to have reached the gateways. */
import { useState } from 'preact/hooks';
import type { AppDetails, DeletedApp } from '../../../api/apps';
import { useSending } from '../../form';
import { Dialog } from '../../parts/dialog';
import { TextField } from '../../parts/field';
import { FormActions } from '../../parts/form-actions';
import { FormError } from '../../parts/form-error';
import { Inline } from '../../parts/name';
import { Page } from '../../parts/page';
import { request } from '../../request';
import { linkTo } from '../../router';
import { visibleText } from '../../visible';

export interface DeleteAppProps {
  readonly app: AppDetails;
  readonly path: string;
  readonly onDeleted: (deleted: DeletedApp) => void;
}

/** Deletes the application, after its name was typed. */
export function DeleteApp(props: DeleteAppProps) {
  const [isAsking, setIsAsking] = useState(false);
  return (
    <section class="card" aria-labelledby="delete">
      <div class="section-head">
        <div>
          <h2 id="delete">Delete application</h2>
          <p class="soft">
            Refused everywhere within a second; open streams are closed. It cannot be undone.
          </p>
        </div>
        <button type="button" class="button danger" onClick={() => setIsAsking(true)}>
          Delete application
        </button>
      </div>
      {isAsking && <DeleteDialog {...props} onClose={() => setIsAsking(false)} />}
    </section>
  );
}

function DeleteDialog({ app, path, onDeleted, onClose }: DeleteAppProps & { readonly onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const { isBusy, error, send } = useSending();
  // A name that cannot be typed is typed, or copied, as it is shown.
  const isTyped = typed === app.name || typed === visibleText(app.name);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!isTyped) return;
    const deleted = await send(() => request<DeletedApp>('DELETE', path));
    if (deleted) onDeleted(deleted);
  };
  return (
    <Dialog title="Delete application" onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <p>Refused everywhere within a second; open streams are closed. It cannot be undone.</p>
        <p class="quoted-name" tabIndex={0} role="group" aria-label="Name of the application">
          <Inline text={app.name} />
        </p>
        <TextField
          label="Type the name of the application"
          value={typed}
          onInput={setTyped}
          autocomplete="off"
          autofocus
        />
        <FormError error={error} />
        <FormActions
          text="Delete application"
          kind="danger"
          isDisabled={isBusy || !isTyped}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  );
}

/** Shows that the application is gone. */
export function DeletedPage({ name, deleted }: { readonly name: string; readonly deleted: DeletedApp }) {
  return (
    <Page title={`${name} is deleted`} above={<a href={linkTo('apps')}>Apps</a>}>
      <div class="card stack" role="status">
        <p>{reachText(deleted)}</p>
        <p class="soft">Its key was {deleted.key}. Keys are never used again.</p>
      </div>
      <p>
        <a class="button" href={linkTo('apps')}>
          Back to the apps
        </a>
      </p>
    </Page>
  );
}

function reachText({ gateways }: DeletedApp): string {
  if (!gateways)
    return 'Its tokens are refused here now, and by all gateways within a second. Its open streams are closed.';
  const { reached, total } = gateways;
  const done = `The deletion reached ${reached} of ${total} ${total === 1 ? 'gateway' : 'gateways'}.`;
  if (reached >= total) return `${done} Its tokens are refused there, and its open streams are closed.`;
  return `${done} The others have not confirmed it yet; they refuse its tokens as soon as they reach the registry.`;
}
