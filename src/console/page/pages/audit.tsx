/** The newest administrative changes, for administrators. */
import { useState } from 'preact/hooks';
import type { AuditTrail } from '../../api/administration';
import { useLoaded } from '../load';
import { Name } from '../parts/name';
import { Page } from '../parts/page';
import { Empty, LoadedView } from '../parts/states';
import { Table, type Row } from '../parts/table';
import { Time } from '../parts/time';

type Entry = AuditTrail['entries'][number];

const EVERY_MS = 10_000;
const COLUMNS = ['Time', 'Change', 'By', 'Subject', 'Address'].map((heading) => ({ heading }));

/** Lists the changes. */
export function AuditPage() {
  const loaded = useLoaded<AuditTrail>('audit?limit=200', EVERY_MS);
  return (
    <Page title="Audit">
      <p class="soft">
        The last changes of applications, users and tokens. The log of the gateway has all of them.
      </p>
      <LoadedView loaded={loaded}>
        {({ entries }) => (entries.length === 0 ? <NoEntries /> : <Entries entries={entries} />)}
      </LoadedView>
    </Page>
  );
}

function NoEntries() {
  return (
    <Empty title="No changes since the gateway started">
      <p>When someone creates, changes or deletes something, it is listed here.</p>
    </Empty>
  );
}

function Entries({ entries }: { readonly entries: readonly Entry[] }) {
  const [search, setSearch] = useState('');
  const found = entries.filter((entry) => matches(entry, search.trim().toLowerCase()));
  return (
    <>
      <input
        type="search"
        value={search}
        onInput={({ currentTarget }) => setSearch(currentTarget.value)}
        placeholder="Search by change, person or subject"
        aria-label="Search changes"
      />
      {found.length === 0 ? (
        <Empty title="No change matches" />
      ) : (
        <Table label="Changes" columns={COLUMNS} rows={found.map(rowOf)} />
      )}
    </>
  );
}

function rowOf(entry: Entry, at: number): Row {
  return {
    key: `${entry.at} ${at}`,
    cells: [
      <Time at={entry.at} />,
      actionText(entry.action),
      <Name text={entry.by} />,
      entry.subject === null ? <span class="soft">–</span> : <Name text={entry.subject} />,
      entry.client_ip === null ? <span class="soft">–</span> : <code>{entry.client_ip}</code>,
    ],
  };
}

/** `App created` of `app_created`. */
function actionText(action: string): string {
  const text = action.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function matches({ action, by, subject }: Entry, search: string): boolean {
  return [actionText(action), by, subject ?? ''].some((text) => text.toLowerCase().includes(search));
}
