/** The list of apps, with a search. */
import { useState } from 'preact/hooks';
import type { AppSummary } from '../../api/apps';
import { useLoaded } from '../load';
import { Name } from '../parts/name';
import { Page } from '../parts/page';
import { Scopes } from '../parts/scopes';
import { Empty, LoadedView } from '../parts/states';
import { Table, type Row } from '../parts/table';
import { Time } from '../parts/time';
import { linkTo } from '../router';

const COLUMNS = ['Name', 'Key', 'Organization', 'Scopes', 'Last used', 'Created'].map((heading) => ({
  heading,
}));

/** Lists the apps that the person may see. */
export function AppsPage() {
  const loaded = useLoaded<{ readonly apps: readonly AppSummary[] }>('apps');
  const create = (
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

function NoApps() {
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

function AppList({ apps }: { readonly apps: readonly AppSummary[] }) {
  const [search, setSearch] = useState('');
  const found = apps.filter((app) => matches(app, search.trim().toLowerCase()));
  return (
    <>
      <input
        type="search"
        value={search}
        onInput={({ currentTarget }) => setSearch(currentTarget.value)}
        placeholder="Search by name, key or organization"
        aria-label="Search apps"
      />
      {found.length === 0 ? (
        <Empty title="No application matches" />
      ) : (
        <Table label="Apps" columns={COLUMNS} rows={found.map(rowOf)} />
      )}
    </>
  );
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
      <Scopes scopes={app.scopes} />,
      app.last_used_at === null ? <span class="soft">never</span> : <Time at={app.last_used_at} />,
      <Time at={app.created_at} />,
    ],
  };
}

function matches({ name, key, organization }: AppSummary, search: string): boolean {
  return [name, key, organization].some((text) => text.toLowerCase().includes(search));
}
