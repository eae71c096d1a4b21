/** The administrative changes, for administrators. */
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
const PAGE = 200;
const COLUMNS = ['Time', 'Change', 'By', 'Subject', 'Address'].map((heading) => ({ heading }));

/** Lists the changes, a page at a time. */
export function AuditPage() {
  /** Where the page begins, and those before it; empty: the newest page. */
  const [places, setPlaces] = useState<readonly string[]>([]);
  const place = places.at(-1);
  const before = place === undefined ? '' : `&before=${encodeURIComponent(place)}`;
  const loaded = useLoaded<AuditTrail>(`audit?limit=${PAGE}${before}`, EVERY_MS);
  return (
    <Page title="Audit">
      <LoadedView loaded={loaded}>
        {({ entries, next, kept }) => (
          <>
            <p class="soft">{KEPT[kept]}</p>
            {entries.length === 0 ? <NoEntries /> : <Entries entries={entries} />}
            {(place !== undefined || next !== null) && (
              <div class="row">
                <button
                  type="button"
                  class="button"
                  disabled={place === undefined}
                  onClick={() => setPlaces(places.slice(0, -1))}
                >
                  Newer changes
                </button>
                <button
                  type="button"
                  class="button"
                  disabled={next === null}
                  onClick={() => next !== null && setPlaces([...places, next])}
                >
                  Older changes
                </button>
              </div>
            )}
          </>
        )}
      </LoadedView>
    </Page>
  );
}

const KEPT = {
  registry:
    'Changes of applications, users and tokens in the last 90 days, 100,000 at most, by all gateways and commands that share the registry. The log has all of them.',
  memory:
    'The last 500 changes since this gateway started; they are lost when it stops. The log has all of them.',
} as const;

function NoEntries() {
  return (
    <Empty title="No changes yet">
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
      <span class="nowrap">{actionText(entry.action)}</span>,
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
