/** The recent refusals as a live list. Each opens its decision. */
import { useState } from 'preact/hooks';
import type { RecentRefusal, RecentRefusals } from '../../api/traffic';
import { useLoaded } from '../load';
import { Empty, LoadedView } from '../parts/states';
import { Table, type Row } from '../parts/table';
import { Time } from '../parts/time';
import { linkTo } from '../router';
import { visibleText } from '../visible';
import { shortened } from '../words';

const EVERY_MS = 2000;
const MOST = 30;
const COLUMNS = ['Request', 'When', 'Route', 'App', 'Reason'].map((heading) => ({ heading }));

/** What is listed; undefined: all. */
export interface RefusalFilter {
  /** `admitted`, `failed`, or a reason. */
  readonly series?: string | undefined;
  readonly route?: string | undefined;
  readonly app?: string | undefined;
}

/** Lists the refusals that the filter admits, and loads them every two seconds, unless it is paused. */
export function Refusals({ filter }: { readonly filter: RefusalFilter }) {
  const [isPaused, setIsPaused] = useState(false);
  const query = new URLSearchParams({
    limit: '200',
    ...(filter.route !== undefined && { route: filter.route }),
    ...(filter.app !== undefined && { app: filter.app }),
  });
  const everyMs = isPaused ? 0 : EVERY_MS;
  const loaded = useLoaded<RecentRefusals>(`refusals?${query}`, everyMs);
  const inShadow = useLoaded<RecentRefusals>(`refusals?${query}&shadow=true`, everyMs);
  return (
    <section class="part">
      <div class="part-head">
        <h2>Recent refusals</h2>
        <button type="button" class="button small" onClick={() => setIsPaused(!isPaused)}>
          {isPaused ? 'Continue' : 'Pause'}
        </button>
      </div>
      <LoadedView loaded={loaded}>
        {({ refusals }) => <List refusals={refusals.filter((refusal) => isShown(refusal, filter))} />}
      </LoadedView>
      <ShadowList refusals={(inShadow.data?.refusals ?? []).filter((refusal) => isShown(refusal, filter))} />
    </section>
  );
}

function List({ refusals }: Pick<RecentRefusals, 'refusals'>) {
  if (refusals.length === 0)
    return (
      <Empty title="No refusals">
        <p class="soft">A refused request appears here within two seconds.</p>
      </Empty>
    );
  return <Table label="Recent refusals" columns={COLUMNS} rows={refusals.slice(0, MOST).map(rowOf)} />;
}

/** Requests that were let through: there is no decision to open. */
function ShadowList({ refusals }: Pick<RecentRefusals, 'refusals'>) {
  if (refusals.length === 0) return null;
  const rows = refusals.slice(0, MOST).map((refusal) => {
    const [, ...cells] = rowOf(refusal).cells;
    return {
      key: refusal.request_id,
      cells: [
        <Request key="request" refusal={refusal} />,
        ...cells.slice(0, -1),
        <span key="reason" class="state nowrap shadowed">
          {refusal.status} {refusal.reason}
        </span>,
      ],
    };
  });
  return (
    <>
      <h2 class="shadow-head">
        Refused by rules in shadow <span class="soft small">these requests were let through</span>
      </h2>
      <Table label="Refusals by rules in shadow" columns={COLUMNS} rows={rows} />
    </>
  );
}

function Request({ refusal: { method, path } }: { readonly refusal: RecentRefusal }) {
  return (
    <code title={path ?? undefined}>
      {method ?? '–'} {shortened(path ?? '', 32)}
    </code>
  );
}

function rowOf(refusal: RecentRefusal): Row {
  const { request_id, at, route, app, status, reason, detail } = refusal;
  return {
    key: request_id,
    cells: [
      <a href={linkTo('explain', request_id)}>
        <Request refusal={refusal} />
      </a>,
      <span class="nowrap">
        <Time at={at} />
      </span>,
      route === null ? <span class="soft">none</span> : <code>{route}</code>,
      app === null ? (
        <span class="soft">–</span>
      ) : (
        <code title={visibleText(app)}>{visibleText(shortened(app, 24))}</code>
      ),
      <span class={`state nowrap ${status === 429 ? 'limited' : 'refused'}`} title={detail ?? undefined}>
        {status} {reason}
      </span>,
    ],
  };
}

function isShown({ status, reason }: RecentRefusal, { series }: RefusalFilter): boolean {
  if (series === undefined) return true;
  return series === 'failed' ? status >= 500 : reason === series;
}
