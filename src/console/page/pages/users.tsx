/** The list of users, for administrators. */
import { useState } from 'preact/hooks';
import type { Users } from '../../api/administration';
import { useSending } from '../form';
import { useLoaded } from '../load';
import { Dialog } from '../parts/dialog';
import { FormActions } from '../parts/form-actions';
import { FormError } from '../parts/form-error';
import { Inline, Name } from '../parts/name';
import { NoTokenService } from '../parts/no-token-service';
import { Page } from '../parts/page';
import { Scopes } from '../parts/scopes';
import { Empty, LoadedView } from '../parts/states';
import { Table } from '../parts/table';
import { request } from '../request';
import { linkTo } from '../router';
import { useSession } from '../session';
import { visibleText } from '../visible';

type User = Users['users'][number];

const COLUMNS = [
  ...['Name', 'Organization', 'Scopes'].map((heading) => ({ heading })),
  { heading: 'Actions', head: <span class="visually-hidden">Actions</span>, isNumber: true },
];

/** Lists the users, and deletes them. */
export function UsersPage() {
  const { has_token_service: hasUsers } = useSession();
  const loaded = useLoaded<Users>(hasUsers ? 'users' : undefined);
  const [leaving, setLeaving] = useState<User>();
  const [deleted, setDeleted] = useState<string>();
  if (!hasUsers)
    return (
      <Page title="Users">
        <NoTokenService what="users" />
      </Page>
    );
  const create = (
    <a class="button primary" href={linkTo('users', 'new')}>
      + New User
    </a>
  );
  const finish = (name: string): void => {
    setLeaving(undefined);
    setDeleted(name);
    loaded.reload();
  };
  return (
    <Page title="Users" action={create}>
      <p class="soft">
        A user signs in here and sees the applications of one organization. A user also gets tokens at the
        password endpoint, where the file has one.
      </p>
      <div role="status">
        {deleted !== undefined && (
          <p class="notice">
            <Inline text={deleted} /> is deleted. The user's tokens and sessions have ended.
          </p>
        )}
      </div>
      <LoadedView loaded={loaded}>
        {({ users }) =>
          users.length === 0 ? <NoUsers /> : <UserTable users={users} onDelete={setLeaving} />
        }
      </LoadedView>
      {leaving && <DeleteUser name={leaving.name} onClose={() => setLeaving(undefined)} onDeleted={finish} />}
    </Page>
  );
}

function NoUsers() {
  return (
    <Empty title="No users yet">
      <p>Add a user for each developer who manages applications.</p>
      <p>
        <a class="button" href={linkTo('users', 'new')}>
          Add the first user
        </a>
      </p>
    </Empty>
  );
}

function UserTable({
  users,
  onDelete,
}: {
  readonly users: readonly User[];
  readonly onDelete: (user: User) => void;
}) {
  const rows = users.map((user) => ({
    key: user.name,
    cells: [
      <Name text={user.name} />,
      user.organization === '' ? <span class="soft">none</span> : <Name text={user.organization} />,
      user.scopes.length === 0 ? <span class="soft">none</span> : <Scopes scopes={user.scopes} />,
      <button
        type="button"
        class="button small"
        aria-label={`Delete user ${visibleText(user.name)}`}
        onClick={() => onDelete(user)}
      >
        Delete
      </button>,
    ],
  }));
  return <Table label="Users" columns={COLUMNS} rows={rows} />;
}

function DeleteUser(props: {
  readonly name: string;
  readonly onClose: () => void;
  readonly onDeleted: (name: string) => void;
}) {
  const { name, onClose, onDeleted } = props;
  const { isBusy, error, send } = useSending();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const isDone = await send(async () => {
      await request('DELETE', `users/${encodeURIComponent(name)}`);
      return true;
    });
    if (isDone) onDeleted(name);
  };
  return (
    <Dialog title="Delete user" onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <p class="quoted-name" tabIndex={0} role="group" aria-label="Name of the user">
          <Inline text={name} />
        </p>
        <p>The user is signed out, and the user's tokens are refused within a second. Applications stay.</p>
        <FormError error={error} />
        <FormActions text="Delete user" kind="danger" isDisabled={isBusy} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
