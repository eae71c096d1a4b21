/** Routes: the table of the file that is in force, with a filter that also finds the route of a request. */
import { useEffect, useState } from 'preact/hooks';
import type { ListedRoute, MatchedRoute, RouteTable } from '../../api/routes';
import { useLoaded } from '../load';
import { Page } from '../parts/page';
import { Empty, LoadedView } from '../parts/states';
import { matchPath, questionIn, type RouteQuestion } from '../routes/question';
import { RouteList } from '../routes/route-list';
import { Issuers, LastReload } from '../routes/sources';

const EVERY_MS = 10_000;
const IDLE_MS = 250;

/** Shows the routes. */
export function RoutesPage() {
  const loaded = useLoaded<RouteTable>('routes', EVERY_MS);
  return (
    <Page title="Routes">
      <LoadedView loaded={loaded}>
        {({ routes, issuers, reload }) => (
          <>
            <LastReload reload={reload?.ok === false ? reload : null} />
            <FilteredRoutes routes={routes} />
            <Issuers issuers={issuers} />
            <LastReload reload={reload?.ok === true ? reload : null} />
          </>
        )}
      </LoadedView>
    </Page>
  );
}

function FilteredRoutes({ routes }: Pick<RouteTable, 'routes'>) {
  const [text, setText] = useState('');
  const settled = useSettled(text);
  const question = questionIn(settled);
  const found = useLoaded<MatchedRoute>(question && matchPath(question));
  const search = question ? '' : settled.trim().toLowerCase();
  const shown = routes.filter((route) => matches(route, search));
  const marked = found.data;
  useEffect(() => {
    if (marked) document.querySelector('tr.marked')?.scrollIntoView({ block: 'nearest' });
  }, [marked]);
  return (
    <>
      <input
        type="search"
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        placeholder="Filter, or a path or URL: /orders/7"
        aria-label="Filter the routes, or find the route of a path or URL"
        autocomplete="off"
        spellcheck={false}
      />
      <p class="match-result" role="status">
        {question && found.data && <Found question={question} found={found.data} />}
        {question && found.error}
      </p>
      {shown.length === 0 ? (
        <Empty title="No route matches">
          <p class="soft">Begin with a slash to find the route of a path.</p>
        </Empty>
      ) : (
        <RouteList routes={shown} marked={marked} />
      )}
    </>
  );
}

function Found({ question, found }: { readonly question: RouteQuestion; readonly found: MatchedRoute }) {
  const { method, url } = question;
  const { line, match, status } = found;
  return (
    <>
      <code>
        {method} {url}
      </code>{' '}
      →{' '}
      {line === null ? (
        <strong>{status === 405 ? '405: no route for this method' : `${status}: no route`}</strong>
      ) : (
        <>
          <strong>line {line}</strong> <code>{match}</code>
        </>
      )}
    </>
  );
}

/** The text, once it has not changed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), IDLE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

function matches({ host, match, access, upstream, limits }: ListedRoute, search: string): boolean {
  return [host ?? '', match, access, upstream, ...limits].some((text) => text.toLowerCase().includes(search));
}
