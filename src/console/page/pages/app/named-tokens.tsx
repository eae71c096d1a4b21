/** The list of an application's named tokens, of which each can be revoked. */
import { useState } from 'preact/hooks';
import type { NamedToken } from '../../../api/apps';
import { useSending } from '../../form';
import { Dialog } from '../../parts/dialog';
import { FormActions } from '../../parts/form-actions';
import { FormError } from '../../parts/form-error';
import { Inline } from '../../parts/name';
import { Table } from '../../parts/table';
import { Time } from '../../parts/time';
import { request } from '../../request';
import { visibleText } from '../../visible';

const COLUMNS = ['Name', 'Id', 'Created', 'Expires', 'State'].map((heading) => ({ heading }));

export interface NamedTokensProps {
  readonly tokens: readonly NamedToken[];
  /** Called after one was revoked. */
  readonly onChange: () => void;
}

/** Shows the tokens that have not expired. */
export function NamedTokens({ tokens, onChange }: NamedTokensProps) {
  const [asked, setAsked] = useState<NamedToken>();
  // Another worker may list a token as valid for a second after it was revoked.
  const [revoked, setRevoked] = useState<ReadonlySet<string>>(new Set());
  if (tokens.length === 0) return <p class="soft">The application has made none.</p>;
  const rows = tokens.map((token) => ({
    key: token.id,
    cells: [
      <Inline text={token.name} />,
      <code>{token.id}</code>,
      <Time at={token.created_at} />,
      token.expires_at === null ? <span class="soft">never</span> : <Time at={token.expires_at} />,
      token.revoked || revoked.has(token.id) ? (
        <span class="state refused">Revoked</span>
      ) : (
        <button
          type="button"
          class="button small"
          aria-label={`Revoke ${visibleText(token.name)}`}
          onClick={() => setAsked(token)}
        >
          Revoke
        </button>
      ),
    ],
  }));
  return (
    <>
      <Table label="Named tokens" columns={COLUMNS} rows={rows} />
      {asked && (
        <RevokeDialog
          token={asked}
          onClose={() => setAsked(undefined)}
          onRevoked={() => {
            setRevoked(new Set([...revoked, asked.id]));
            setAsked(undefined);
            onChange();
          }}
        />
      )}
    </>
  );
}

function RevokeDialog(props: {
  readonly token: NamedToken;
  readonly onClose: () => void;
  readonly onRevoked: () => void;
}) {
  const { token, onClose, onRevoked } = props;
  const { isBusy, error, send } = useSending();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (await send(() => request<object>('POST', 'revocations', { token: token.id }))) onRevoked();
  };
  return (
    <Dialog title="Revoke named token" onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <p>
          The token <Inline text={token.name} /> is refused everywhere within a second; open streams with it
          are closed. It cannot be undone.
        </p>
        <FormError error={error} />
        <FormActions text="Revoke token" kind="danger" isDisabled={isBusy} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
