/** The list of apps, with a search. */
import { useState } from 'preact/hooks';
import type { AppSummary } from '../../api/apps';
import type { Session } from '../../api/session';
import { useLoaded } from '../load';
import { Name } from '../parts/name';
import { NoTokenService } from '../parts/no-token-service';
import { Page } from '../parts/page';
import { Scopes } from '../parts/scopes';
import { Empty, LoadedView } from '../parts/states';
import { Table, type Column, type Row } from '../parts/table';
import { Time } from '../parts/time';
import { linkTo } from '../router';
import { useSession } from '../session';
import { numberText } from '../words';

const EVERY_MS = 30_000;
/** More rows than a person reads would only make the page slow. */
const ROWS_AT_ONCE = 100;

/** Lists the apps that the person may see. */
export function AppsPage() {
  const session = useSession();
  const { has_token_service: hasApps } = session;
  const path = hasApps ? 'apps' : undefined;
  const loaded = useLoaded<{ readonly apps: readonly AppSummary[] }>(path, EVERY_MS);
  if (!hasApps)
    return (
      <Page title="Apps">
        <NoTokenService what="applications" />
      </Page>
    );
  const create = hasNoOrganization(session) ? undefined : (
    <a class="button primary" href={linkTo('apps', 'new')}>
      + New Application
    </a>
  );
  return (
    <Page title="Apps" action={create}>
      <LoadedView loaded={loaded}>
        {({ apps }) => (apps.length === 0 ? <NoApps /> : <AppList apps={apps} />)}
      </LoadedView>
    </Page>
  );
}

/** Whether the person can have no apps. */
function hasNoOrganization({ kind, organization }: Session): boolean {
  return kind === 'developer' && organization === null;
}

function NoApps() {
  if (hasNoOrganization(useSession()))
    return (
      <Empty title="You belong to no organization">
        <p>Applications belong to one. Ask an administrator to add you to yours.</p>
      </Empty>
    );
  return (
    <Empty title="No applications yet">
      <p>An application has a key and a secret, with which it gets access tokens.</p>
      <p>
        <a class="button" href={linkTo('apps', 'new')}>
          Create the first application
        </a>
      </p>
    </Empty>
  );
}

type Order = 'Name' | 'Organization' | 'Last used' | 'Created';

function AppList({ apps }: { readonly apps: readonly AppSummary[] }) {
  const [search, setSearch] = useState('');
  const [order, setOrder] = useState<Order>('Created');
  const [most, setMost] = useState(ROWS_AT_ONCE);
  const found = apps.filter((app) => matches(app, search.trim().toLowerCase())).sort(ORDERS[order]);
  return (
    <>
      <input
        type="search"
        value={search}
        onInput={({ currentTarget }) => setSearch(currentTarget.value)}
        placeholder="Search by name, key or organization"
        aria-label="Search apps"
      />
      <p class="visually-hidden" role="status">
        {search === '' ? '' : `${numberText(found.length)} found`}
      </p>
      {found.length === 0 ? (
        <Empty title="No application matches" />
      ) : (
        <Table label="Apps" columns={columnsIn(order, setOrder)} rows={found.slice(0, most).map(rowOf)} />
      )}
      {found.length > most && (
        <p>
          <button type="button" class="button" onClick={() => setMost(most + ROWS_AT_ONCE)}>
            Show more
          </button>{' '}
          <span class="soft">
            {numberText(most)} of {numberText(found.length)} are shown.
          </span>
        </p>
      )}
    </>
  );
}

const ORDERS: Readonly<Record<Order, (a: AppSummary, b: AppSummary) => number>> = {
  Name: (a, b) => a.name.localeCompare(b.name),
  Organization: (a, b) => a.organization.localeCompare(b.organization),
  'Last used': (a, b) => (b.last_used_at ?? 0) - (a.last_used_at ?? 0),
  Created: (a, b) => b.created_at - a.created_at,
};

const DIRECTIONS = {
  Name: 'ascending',
  Organization: 'ascending',
  'Last used': 'descending',
  Created: 'descending',
} as const;

function columnsIn(order: Order, choose: (order: Order) => void): readonly Column[] {
  const sorted = (heading: Order): Column => ({
    heading,
    onSort: () => choose(heading),
    sorted: heading === order ? DIRECTIONS[heading] : undefined,
  });
  return [
    sorted('Name'),
    { heading: 'Key' },
    sorted('Organization'),
    { heading: 'Scopes' },
    sorted('Last used'),
    sorted('Created'),
  ];
}

function rowOf(app: AppSummary): Row {
  return {
    key: app.key,
    cells: [
      <a href={linkTo('apps', app.key)}>
        <Name text={app.name} />
      </a>,
      <code>{app.key}</code>,
      app.organization === '' ? <span class="soft">none</span> : <Name text={app.organization} />,
      <Scopes scopes={app.scopes} most={2} />,
      app.last_used_at === null ? <span class="soft">never</span> : <Time at={app.last_used_at} />,
      <Time at={app.created_at} />,
    ],
  };
}

function matches({ name, key, organization }: AppSummary, search: string): boolean {
  return [name, key, organization].some((text) => text.toLowerCase().includes(search));
}
