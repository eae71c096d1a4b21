/** A chart of uPlot that has the width of its container. */
import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Colors } from '../colors';
import { axisTexts } from '../words';

const HEIGHT = 220;

export interface PlotProps {
  /** What it shows, for those who do not see it. */
  readonly label: string;
  /** A change draws another chart. */
  readonly series: readonly UPlot.Series[];
  readonly colors: Colors;
  readonly data: UPlot.AlignedData;
  /** The index that the pointer is at; undefined: it has left. */
  readonly onPoint?: (index: number | undefined) => void;
  /** A click: the index, and the value at the pointer. */
  readonly onPick?: (index: number, value: number) => void;
}

/** Draws the chart. New data are drawn in place. */
export function Plot(props: PlotProps) {
  const { label, series, colors, data } = props;
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const drawn = new UPlot(optionsOf(latest, element.clientWidth), latest.current.data, element);
    chart.current = drawn;
    const resized = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      drawn.destroy();
      chart.current = undefined;
    };
  }, [series, colors]);
  useEffect(() => {
    chart.current?.setData(data);
  }, [data]);
  return <div ref={frame} class="plot" role="img" aria-label={label} />;
}

/** Points for the values that have no line, since neither neighbour is known. */
export function lonePoints(color: string): UPlot.Series.Points {
  return {
    show: false,
    size: 6,
    width: 0,
    fill: color,
    filter: ({ data }, series) => {
      const values = data[series] ?? [];
      const isKnown = (at: number): boolean => (values[at] ?? null) !== null;
      return [...values.keys()].filter((at) => isKnown(at) && !isKnown(at - 1) && !isKnown(at + 1));
    },
  };
}

function optionsOf(latest: { readonly current: PlotProps }, width: number): UPlot.Options {
  const { series, colors } = latest.current;
  const axis = {
    stroke: colors('text-soft'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: colors('border'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    series: [{}, ...series],
    scales: { y: { range: (_chart, _least, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        space: 72,
        values: (_chart, times) => times.map(clockText),
      },
      { ...axis, size: 56, values: (_chart, values, _axis, _space, step) => axisTexts(values, step) },
    ],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    hooks: {
      setCursor: [({ cursor }) => latest.current.onPoint?.(cursor.idx ?? undefined)],
      ready: [
        (chart) =>
          chart.over.addEventListener('click', () => {
            const { idx, top = 0 } = chart.cursor;
            if (typeof idx === 'number') latest.current.onPick?.(idx, chart.posToVal(top, 'y'));
          }),
      ],
    },
  };
}

function clockText(timeS: number): string {
  const date = new Date(timeS * 1000);
  return [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
}
