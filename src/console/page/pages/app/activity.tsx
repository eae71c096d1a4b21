/** The section with an application's requests of the last quarter of an hour. */
import type { Traffic } from '../../../api/traffic';
import { useLoaded } from '../../load';
import { LoadedView } from '../../parts/states';
import { Table } from '../../parts/table';
import { numberText } from '../../words';
import { ActivityChart } from './activity-chart';

const EVERY_MS = 10_000;
const EMPTY = 'No request in the last 15 minutes. A request appears here within seconds.';

/** Shows the requests as a chart, and by endpoint. */
export function Activity({ path }: { readonly path: string }) {
  const loaded = useLoaded<Traffic>(`${path}/activity`, EVERY_MS);
  return (
    <section class="card stack" aria-labelledby="activity">
      <h2 id="activity">Activity</h2>
      <LoadedView loaded={loaded}>{(traffic) => <ActivityView traffic={traffic} empty={EMPTY} />}</LoadedView>
    </section>
  );
}

/**
 * Draws requests as a chart, and by endpoint.
 * @param props.empty what is said where there are none
 */
export function ActivityView({ traffic, empty }: { readonly traffic: Traffic; readonly empty: string }) {
  if (traffic.endpoints.length === 0) return <p class="soft">{empty}</p>;
  return (
    <>
      <ActivityChart traffic={traffic} />
      <Endpoints endpoints={traffic.endpoints} />
    </>
  );
}

const COLUMNS = [
  { heading: 'Endpoint' },
  ...['Requests', 'Refused', 'p50 ms', 'p99 ms'].map((heading) => ({ heading, isNumber: true })),
];

function Endpoints({ endpoints }: Pick<Traffic, 'endpoints'>) {
  const rows = endpoints.map(({ route, requests, refused, p50_ms, p99_ms }) => ({
    key: route,
    cells: [
      <code>{route}</code>,
      numberText(requests),
      numberText(refused),
      numberText(p50_ms, 1),
      numberText(p99_ms, 1),
    ],
  }));
  return <Table label="Requests by endpoint" columns={COLUMNS} rows={rows} />;
}
