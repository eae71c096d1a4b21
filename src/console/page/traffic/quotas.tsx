/** What is left of the limits of the apps that have traffic, by app and endpoint. */
import type { LimitUse } from '../../api/apps';
import type { Quota, Quotas } from '../../api/traffic';
import { useLoaded } from '../load';
import { Name } from '../parts/name';
import { useSorted, type SortColumn } from '../parts/sorted';
import { LoadedView } from '../parts/states';
import { Table, type Row } from '../parts/table';
import { Time } from '../parts/time';
import { linkTo } from '../router';
import { durationText, numberText, shortened } from '../words';

const EVERY_MS = 5000;
const LONGEST_ID = 32;

/** One limit of an app at an endpoint; undefined where its count cannot be read. */
interface QuotaRow extends Omit<Quota, 'limits'> {
  readonly use: LimitUse | undefined;
}

const COLUMNS: readonly SortColumn<QuotaRow>[] = [
  { heading: 'App', value: ({ name, app }) => name ?? app },
  { heading: 'Endpoint', value: ({ endpoint }) => endpoint },
  { heading: 'Limit', isNumber: true, value: ({ use }) => use?.limit ?? null },
  { heading: 'Used', isNumber: true, value: ({ use }) => (use ? use.used / Math.max(1, use.limit) : null) },
  { heading: 'Remaining', isNumber: true, value: ({ use }) => use?.remaining ?? null },
  { heading: 'Resets', isNumber: true, value: ({ use }) => (use && use.used > 0 ? use.reset : null) },
];

/**
 * Draws the table, the fullest limits first.
 * @param props.app the id of the app whose limits alone are shown; undefined: all
 */
export function RemainingQuotas({
  range,
  app,
}: {
  readonly range: string;
  readonly app: string | undefined;
}) {
  const loaded = useLoaded<Quotas>(`quotas?range=${range}`, EVERY_MS);
  return (
    <section class="part" aria-labelledby="quotas">
      <h2 id="quotas">Remaining quota</h2>
      <LoadedView loaded={loaded}>{(quotas) => <QuotaTable {...quotas} app={app} />}</LoadedView>
    </section>
  );
}

function QuotaTable({ quotas, total, app }: Quotas & { readonly app: string | undefined }) {
  const shown = quotas.filter((quota) => app === undefined || quota.app === app).flatMap(rowsOf);
  const { columns, items } = useSorted(shown, COLUMNS, 'Used');
  if (shown.length === 0)
    return <p class="soft">No app has used an endpoint that has a limit for each app.</p>;
  return (
    <>
      <Table label="Remaining quota by app and endpoint" columns={columns} rows={items.map(rowOf)} />
      {total > quotas.length && (
        <p class="soft small">
          The {quotas.length} busiest of {numberText(total)} pairs of an app and an endpoint.
        </p>
      )}
    </>
  );
}

function rowsOf({ limits, ...quota }: Quota): readonly QuotaRow[] {
  return limits.length === 0 ? [{ ...quota, use: undefined }] : limits.map((use) => ({ ...quota, use }));
}

function rowOf({ issuer, app, name, endpoint, use }: QuotaRow): Row {
  const title = name === null ? <code title={app}>{shortened(app, LONGEST_ID)}</code> : <Name text={name} />;
  return {
    key: `${issuer} ${app} ${endpoint} ${use ? `${use.name ?? ''} ${use.window_s}` : ''}`,
    cells: [
      <>
        {name === null ? title : <a href={linkTo('apps', app)}>{title}</a>}
        {name === null && <div class="soft small">of {issuer}</div>}
      </>,
      <code>{endpoint}</code>,
      ...(use ? cellsOf(use) : ['–', <span class="soft">not known now</span>, '–', '–']),
    ],
  };
}

function cellsOf({ limit, window_s, used, remaining, reset }: LimitUse): Row['cells'] {
  const isFull = remaining <= 0;
  return [
    <span class="nowrap">
      {numberText(limit)} in {durationText(window_s)}
    </span>,
    numberText(used),
    isFull ? <span class="state limited nowrap">0, exhausted</span> : numberText(remaining),
    used > 0 ? <Time at={reset} /> : <span class="soft">–</span>,
  ];
}
