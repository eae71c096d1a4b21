/** The table of routes. */
import type { ListedRoute, MatchedRoute } from '../../api/routes';
import { Table, type Row } from '../parts/table';
import { numberText } from '../words';

const COLUMNS = ['Route', 'Access', 'Limits', 'Upstream', 'Requests/min', 'Line'].map((heading) => ({
  heading,
  isNumber: heading === 'Requests/min' || heading === 'Line',
}));

/** Lists routes; the marked one would serve the request in the filter. Several routes may stand on one line of the file. */
export function RouteList(props: {
  readonly routes: readonly ListedRoute[];
  readonly marked: MatchedRoute | undefined;
}) {
  const { routes, marked } = props;
  const rows = routes.map((route) =>
    rowOf(route, route.line === marked?.line && route.match === marked.match),
  );
  return <Table label="Routes" columns={COLUMNS} rows={rows} />;
}

function rowOf(route: ListedRoute, isMarked: boolean): Row {
  const { host, match, line, access, limits, shadow, requests_per_min } = route;
  return {
    key: `${line} ${match} ${host ?? ''}`,
    isMarked,
    cells: [
      <>
        <code>{match}</code>
        {host !== null && <div class="soft small">at {host}</div>}
        {isMarked && <div class="chip">serves this request</div>}
      </>,
      <>
        {access}
        {shadow.length > 0 && (
          <div>
            <span class="state shadowed small">in shadow: {shadow.join(', ')}</span>
          </div>
        )}
      </>,
      limits.length === 0 ? (
        <span class="soft">none</span>
      ) : (
        limits.map((limit) => <div key={limit}>{limit}</div>)
      ),
      <Upstream route={route} />,
      numberText(requests_per_min),
      line,
    ],
  };
}

/** The upstream, with the health of its targets in words; each target on hover and for screen readers. */
function Upstream({ route: { upstream, targets } }: { readonly route: ListedRoute }) {
  // A developer sees no targets.
  if (targets.length === 0) return <>{upstream}</>;
  const up = targets.filter((target) => target.up).length;
  const kind = up === targets.length ? 'admitted' : up === 0 ? 'refused' : 'limited';
  const all = targets.length === 1 ? 'up' : 'all up';
  const text = up === targets.length ? all : up === 0 ? 'down' : `${up} of ${targets.length} up`;
  const down = targets.filter((target) => !target.up).map(({ origin }) => origin);
  return (
    <>
      {upstream}{' '}
      <span
        class={`state small ${kind}`}
        title={targets.map((target) => `${target.origin} ${target.up ? 'up' : 'down'}`).join('\n')}
      >
        {text}
      </span>
      {down.map((origin) => (
        <div key={origin} class="soft small">
          {origin} is down
        </div>
      ))}
    </>
  );
}
