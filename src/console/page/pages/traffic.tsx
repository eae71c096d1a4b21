/** Traffic: what the gateway responded with, how fast, by endpoint and by app, and the recent refusals. */
import { useState } from 'preact/hooks';
import type { Traffic } from '../../api/traffic';
import { useLoaded } from '../load';
import { Page } from '../parts/page';
import { LoadedView } from '../parts/states';
import { Latency, Responses, ShadowRefusals } from '../traffic/charts';
import { Limits } from './app/limits';
import { RemainingQuotas } from '../traffic/quotas';
import { Refusals, type RefusalFilter } from '../traffic/refusals';
import { Apps, Endpoints } from '../traffic/tables';

const EVERY_MS = 5000;
const RANGES = [
  ['15m', '15 minutes'],
  ['1h', '1 hour'],
] as const;
type Range = (typeof RANGES)[number][0];

/** Shows the traffic of a range. */
export function TrafficPage() {
  const [range, setRange] = useState<Range>('15m');
  const loaded = useLoaded<Traffic>(`traffic?range=${range}`, EVERY_MS);
  return (
    <Page title="Traffic" action={<RangeChoice range={range} onChoose={setRange} />}>
      <LoadedView loaded={loaded}>{(traffic) => <TrafficView traffic={traffic} range={range} />}</LoadedView>
    </Page>
  );
}

function RangeChoice(props: { readonly range: Range; readonly onChoose: (range: Range) => void }) {
  return (
    <div class="choice" role="group" aria-label="Range">
      {RANGES.map(([range, text]) => (
        <button
          key={range}
          type="button"
          class="button small"
          aria-pressed={props.range === range}
          onClick={() => props.onChoose(range)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

function TrafficView({ traffic, range }: { readonly traffic: Traffic; readonly range: Range }) {
  const [filter, setFilter] = useState<RefusalFilter>({});
  const choose = (name: keyof RefusalFilter) => (key: string | undefined) =>
    setFilter((before) => ({ ...before, [name]: key }));
  // The limits of the registry's apps are known; those have a name.
  const app = traffic.apps.find((one) => one.app === filter.app && one.name !== null);
  return (
    <>
      <Responses traffic={traffic} chosen={filter.series} onChoose={choose('series')} />
      <Latency traffic={traffic} />
      <ShadowRefusals traffic={traffic} />
      <Endpoints endpoints={traffic.endpoints} chosen={filter.route} onChoose={choose('route')} />
      <Apps apps={traffic.apps} chosen={filter.app} onChoose={choose('app')} />
      {app ? (
        <Limits
          title={`Remaining quota of ${app.name ?? app.app}`}
          path={`apps/${encodeURIComponent(app.app)}`}
        />
      ) : (
        <RemainingQuotas range={range} app={filter.app} />
      )}
      <Filters filter={filter} onClear={(name) => choose(name)(undefined)} />
      <Refusals filter={filter} />
      {traffic.gateways > 1 && <p class="soft small">The sum of {traffic.gateways} gateways.</p>}
    </>
  );
}

const FILTERS = ['series', 'route', 'app'] as const;

function Filters(props: {
  readonly filter: RefusalFilter;
  readonly onClear: (name: keyof RefusalFilter) => void;
}) {
  const set = FILTERS.filter((name) => props.filter[name] !== undefined);
  if (set.length === 0) return null;
  return (
    <p class="row" role="status">
      <span class="soft">Refusals of</span>
      {set.map((name) => (
        <button key={name} type="button" class="button small" onClick={() => props.onClear(name)}>
          {props.filter[name]} <span aria-hidden="true">✕</span>
          <span class="visually-hidden">(remove this filter)</span>
        </button>
      ))}
    </p>
  );
}
