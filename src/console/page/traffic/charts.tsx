/** The charts of the traffic page, each with a table of the same figures for those who do not see it. */
import type { ComponentChildren } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { Traffic } from '../../api/traffic';
import { useColors } from '../colors';
import { lonePoints, Plot } from '../parts/plot';
import { durationText, exactText, numberText } from '../words';
import { HiddenTable } from './hidden-table';
import { Legend, Swatch, type LegendProps } from './legend';
import { seriesAt, shadowSeries, stacked, trafficSeries, wholeSteps, type TrafficSeries } from './series';

/** What a chart of responses shows. */
export interface ResponsesProps extends Omit<LegendProps, 'series'> {
  readonly traffic: Traffic;
}

/** Admitted, refused and failed requests, stacked. */
export function Responses({ traffic, chosen, onChoose }: ResponsesProps) {
  const colors = useColors();
  const series = useMemo(() => trafficSeries(traffic, colors), [traffic, colors]);
  return <Stack title="Responses" traffic={traffic} series={series} chosen={chosen} onChoose={onChoose} />;
}

/** What rules in shadow would have refused; nothing where there was no such request. */
export function ShadowRefusals({ traffic }: { readonly traffic: Traffic }) {
  const colors = useColors();
  const [chosen, setChosen] = useState<string>();
  const series = useMemo(() => shadowSeries(traffic, colors), [traffic, colors]);
  if (series.every(({ total }) => total === 0)) return null;
  return (
    <Stack
      title="Shadow refusals"
      note="Admitted, but rules in shadow would have refused them."
      traffic={traffic}
      series={series}
      chosen={chosen}
      onChoose={setChosen}
    />
  );
}

interface StackProps extends ResponsesProps {
  readonly title: string;
  readonly note?: string;
  readonly series: readonly TrafficSeries[];
}

function Stack({ title, note, traffic, series, chosen, onChoose }: StackProps) {
  const colors = useColors();
  const [index, setIndex] = useState<number>();
  const { times, step_s } = traffic;
  const isAlone = series.some(({ key }) => key === chosen);
  const shown = isAlone ? series.filter(({ key }) => key === chosen) : series;
  const drawn = useMemo(
    () =>
      [...shown]
        .reverse()
        .map(({ color }) => ({ fill: color, stroke: color, width: 1, points: { show: false } })),
    [shown.map(({ key }) => key).join(' '), colors],
  );
  const data = useMemo(() => {
    const whole = wholeSteps(traffic);
    return [whole, ...stacked(shown, whole, step_s)] as [number[], ...number[][]];
  }, [traffic, shown.length, chosen]);
  return (
    <section class="card chart">
      <h2>
        {title} <span class="soft small">requests/s</span>
      </h2>
      {note !== undefined && <p class="soft small">{note}</p>}
      <Legend series={series} chosen={chosen} onChoose={onChoose} />
      <Plot
        label={summaryOf(title, series, traffic)}
        series={drawn}
        colors={colors}
        data={data}
        onPoint={setIndex}
        onPick={(at, value) => {
          const found = seriesAt(shown, at, value, step_s);
          if (found) onChoose(isAlone ? undefined : found.key);
        }}
      />
      <Readout times={times} index={index}>
        {shown.map(({ key, name, values, color }) => (
          <span key={key}>
            <Swatch color={color} /> {name} {numberText((values[index ?? 0] ?? 0) / step_s, 1)}
          </span>
        ))}
      </Readout>
      <HiddenTable
        label={`${title}: requests`}
        times={times}
        columns={series.map(({ name, values }) => ({ name, values, isSum: true }))}
      />
    </section>
  );
}

/** The latency of responses: the middle, and the slowest of a hundred. */
export function Latency({ traffic }: { readonly traffic: Traffic }) {
  const colors = useColors();
  const [index, setIndex] = useState<number>();
  const { times, p50_ms, p99_ms } = traffic;
  const lines = useMemo(
    () => [
      { stroke: colors('accent'), width: 2, points: lonePoints(colors('accent')) },
      { stroke: colors('text-soft'), width: 2, dash: [6, 4], points: lonePoints(colors('text-soft')) },
    ],
    [colors],
  );
  const data = useMemo(() => {
    const whole = wholeSteps(traffic);
    const drawn = [p50_ms, p99_ms].map((values) => values.slice(0, whole.length));
    return [whole, ...drawn] as [number[], ...(number | null)[][]];
  }, [traffic]);
  const last = (values: readonly (number | null)[]): string =>
    msText(values.findLast((value) => value !== null) ?? null);
  return (
    <section class="card chart">
      <h2>
        Latency <span class="soft small">ms, with the upstream</span>
      </h2>
      <p class="legend small">
        <span>
          <Line color={colors('accent')} /> p50 <strong>{last(p50_ms)}</strong>
        </span>
        <span>
          <Line color={colors('text-soft')} isDashed /> p99 <strong>{last(p99_ms)}</strong>
        </span>
      </p>
      <Plot
        label={`Latency: p50 ${last(p50_ms)}, p99 ${last(p99_ms)} at the end`}
        series={lines}
        colors={colors}
        data={data}
        onPoint={setIndex}
      />
      <Readout times={times} index={index}>
        <span>p50 {msText(p50_ms[index ?? 0] ?? null)}</span>
        <span>p99 {msText(p99_ms[index ?? 0] ?? null)}</span>
      </Readout>
      <HiddenTable
        label="Latency in milliseconds"
        times={times}
        columns={[
          { name: 'p50', values: p50_ms },
          { name: 'p99', values: p99_ms },
        ]}
      />
    </section>
  );
}

function Line({ color, isDashed = false }: { readonly color: string; readonly isDashed?: boolean }) {
  return (
    <svg class="swatch line" viewBox="0 0 20 10" aria-hidden="true">
      <path d="M0 5h20" stroke={color} stroke-width="2" stroke-dasharray={isDashed ? '6 4' : undefined} />
    </svg>
  );
}

function Readout(props: {
  readonly times: readonly number[];
  readonly index: number | undefined;
  readonly children: ComponentChildren;
}) {
  const time = props.index === undefined ? undefined : props.times[props.index];
  return (
    <p class="readout small" aria-hidden="true">
      {time !== undefined && (
        <>
          <strong>{exactText(time).slice(11)}</strong>
          {props.children}
        </>
      )}
    </p>
  );
}

function summaryOf(title: string, series: readonly TrafficSeries[], { times, step_s }: Traffic): string {
  const totals = series.map(({ name, total }) => `${name} ${numberText(total)}`).join(', ');
  return `${title} in the last ${durationText(times.length * step_s)}: ${totals}`;
}

function msText(value: number | null): string {
  return value === null ? '–' : `${numberText(value, value < 10 ? 1 : 0)} ms`;
}
