/** The page of each place. */
import { Fragment, type ComponentChildren } from 'preact';
import type { Session } from '../api/session';
import { AppPage } from './pages/app/app-page';
import { AppsPage } from './pages/apps';
import { AuditPage } from './pages/audit';
import { DebuggerPage } from './pages/debugger';
import { ExplainPage, RefusalPage } from './pages/explain';
import { NewAppPage } from './pages/new-app';
import { NewUserPage } from './pages/new-user';
import { UsersPage } from './pages/users';
import { OverviewPage } from './pages/overview';
import { RoutesPage } from './pages/routes';
import { TrafficPage } from './pages/traffic';
import { Page } from './parts/page';
import { linkTo, type Place } from './router';

type Draw = (rest: readonly string[], query: URLSearchParams) => ComponentChildren;

const PAGES: Readonly<Record<string, Draw>> = {
  debugger: () => <DebuggerPage />,
  explain: ([id]) => (id === undefined ? <ExplainPage /> : <RefusalPage id={id} />),
  apps: ([key]) => {
    if (key === undefined) return <AppsPage />;
    return key === 'new' ? <NewAppPage /> : <AppPage appKey={key} />;
  },
  users: ([name]) => (name === 'new' ? <NewUserPage /> : <UsersPage />),
  audit: () => <AuditPage />,
  overview: () => <OverviewPage />,
  routes: () => <RoutesPage />,
  traffic: () => <TrafficPage />,
};

/** Returns the page of a place; an unknown place has a page that says so. */
export function pageAt({ segments, query }: Place, { kind }: Session): ComponentChildren {
  const [name = 'overview', ...rest] = segments;
  const isHidden = kind !== 'administrator' && (name === 'users' || name === 'audit');
  const draw = Object.hasOwn(PAGES, name) && !isHidden ? PAGES[name] : undefined;
  // With a key, two places of the same page share no state, and each gives its heading the focus.
  return <Fragment key={segments.join('/')}>{draw ? draw(rest, query) : <NoSuchPage />}</Fragment>;
}

function NoSuchPage() {
  return (
    <Page title="No such page">
      <p>
        There is nothing at this address. <a href={linkTo('overview')}>Go to the overview</a>
      </p>
    </Page>
  );
}
