/** Traffic by endpoint and by app. A click on one of them filters the refusals. */
import type { AppTraffic, EndpointTraffic } from '../../api/traffic';
import { Name } from '../parts/name';
import { useSorted, type SortColumn } from '../parts/sorted';
import { Table } from '../parts/table';
import { linkTo } from '../router';
import { visibleText } from '../visible';
import { numberText, shortened } from '../words';

/** What the refusals are filtered by. */
export interface Chosen {
  readonly chosen: string | undefined;
  readonly onChoose: (key: string | undefined) => void;
}

const ENDPOINT_COLUMNS: readonly SortColumn<EndpointTraffic>[] = [
  { heading: 'Endpoint', value: ({ route }) => route },
  { heading: 'Requests', isNumber: true, value: ({ requests }) => requests },
  { heading: 'Refused', isNumber: true, value: ({ refused }) => refused },
  { heading: 'Shadow', isNumber: true, value: ({ shadow }) => shadow },
  { heading: 'p50 ms', isNumber: true, value: ({ p50_ms }) => p50_ms },
  { heading: 'p99 ms', isNumber: true, value: ({ p99_ms }) => p99_ms },
];

/** The table by endpoint. */
export function Endpoints(props: Chosen & { readonly endpoints: readonly EndpointTraffic[] }) {
  const { columns, items } = useSorted(props.endpoints, ENDPOINT_COLUMNS, 'Requests');
  const rows = items.map(({ route, requests, refused, shadow, p50_ms, p99_ms }) => ({
    key: route,
    isMarked: props.chosen === route,
    cells: [
      <Choice key="choice" {...props} name={route} />,
      numberText(requests),
      numberText(refused),
      numberText(shadow),
      numberText(p50_ms, 1),
      numberText(p99_ms, 1),
    ],
  }));
  return (
    <section class="part">
      <h2>By endpoint</h2>
      {rows.length === 0 ? (
        <NoRequest />
      ) : (
        <Table label="Traffic by endpoint" columns={columns} rows={rows} />
      )}
    </section>
  );
}

const APP_COLUMNS: readonly SortColumn<AppTraffic>[] = [
  { heading: 'App', value: ({ app }) => app },
  { heading: 'Name', value: ({ name }) => name },
  { heading: 'Issuer', value: ({ issuer }) => issuer },
  { heading: 'Requests', isNumber: true, value: ({ requests }) => requests },
  { heading: 'Refused', isNumber: true, value: ({ refused }) => refused },
];

/** The table by app. */
export function Apps(props: Chosen & { readonly apps: readonly AppTraffic[] }) {
  const { columns, items } = useSorted(props.apps, APP_COLUMNS, 'Requests');
  const rows = items.map(({ issuer, app, name, requests, refused }) => ({
    key: `${issuer} ${app}`,
    isMarked: props.chosen === app,
    cells: [
      <Choice key="choice" {...props} name={app} />,
      name === null ? <span class="soft">–</span> : <NamedApp app={app} name={name} />,
      issuer,
      numberText(requests),
      numberText(refused),
    ],
  }));
  return (
    <section class="part">
      <h2>By app</h2>
      {rows.length === 0 ? <NoRequest /> : <Table label="Traffic by app" columns={columns} rows={rows} />}
    </section>
  );
}

function NoRequest() {
  return <p class="soft">No request in this time.</p>;
}

function NamedApp({ app, name }: { readonly app: string; readonly name: string }) {
  return (
    <a href={linkTo('apps', app)}>
      <Name text={name} />
    </a>
  );
}

function Choice({ name, chosen, onChoose }: Chosen & { readonly name: string }) {
  const isChosen = chosen === name;
  return (
    <button
      type="button"
      class="text-button"
      aria-pressed={isChosen}
      title={isChosen ? 'Show the refusals of all' : `Show the refusals of ${name} only`}
      onClick={() => onChoose(isChosen ? undefined : name)}
    >
      <code>{visibleText(shortened(name, 48))}</code>
    </button>
  );
}
