/** A small chart of requests: a bar for each minute or less, refused and failed ones on top. */
import type { Traffic } from '../../../api/traffic';
import { exactText, numberText } from '../../words';

const WIDTH = 600;
const HEIGHT = 96;
const MOST_BARS = 60;

interface Bar {
  readonly at: number;
  readonly admitted: number;
  readonly refused: number;
  readonly failed: number;
}

/** Draws the chart, with its figures as text below. */
export function ActivityChart({ traffic }: { readonly traffic: Traffic }) {
  const bars = barsOf(traffic);
  const top = Math.max(1, ...bars.map(({ admitted, refused, failed }) => admitted + refused + failed));
  const admitted = sum(bars.map((bar) => bar.admitted));
  const refused = sum(bars.map((bar) => bar.refused));
  const failed = sum(bars.map((bar) => bar.failed));
  const width = WIDTH / Math.max(1, bars.length);
  const height = (value: number): number => (value / top) * HEIGHT;
  return (
    <figure class="activity-chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {bars.map((bar, index) => {
          const x = index * width;
          const admittedY = HEIGHT - height(bar.admitted);
          const refusedY = admittedY - height(bar.refused);
          const failedY = refusedY - height(bar.failed);
          return (
            <g key={bar.at}>
              <title>
                {`${exactText(bar.at)}: ${numberText(bar.admitted)} admitted, ${numberText(bar.refused)} refused, ${numberText(bar.failed)} failed`}
              </title>
              <rect class="hover" x={x} y={0} width={width} height={HEIGHT} />
              <rect
                class="admitted"
                x={x + 1}
                y={admittedY}
                width={width - 2}
                height={height(bar.admitted)}
              />
              <rect class="refused" x={x + 1} y={refusedY} width={width - 2} height={height(bar.refused)} />
              <rect class="failed" x={x + 1} y={failedY} width={width - 2} height={height(bar.failed)} />
            </g>
          );
        })}
      </svg>
      <figcaption class="row small">
        <span class="state admitted">{numberText(admitted)} admitted</span>
        <span class="state refused">{numberText(refused)} refused</span>
        {failed > 0 && <span class="state">{numberText(failed)} failed (5xx)</span>}
        {bars[0] && <span class="soft">since {exactText(bars[0].at).slice(11, 16)}</span>}
      </figcaption>
    </figure>
  );
}

/** Adds neighbours up until there are few enough bars. */
function barsOf({ times, admitted, refused, failed }: Traffic): readonly Bar[] {
  const size = Math.max(1, Math.ceil(times.length / MOST_BARS));
  const reasons = Object.values(refused);
  const bars: Bar[] = [];
  for (let start = 0; start < times.length; start += size) {
    const part = (series: readonly number[]): number => sum(series.slice(start, start + size));
    bars.push({
      at: times[start]!,
      admitted: part(admitted),
      failed: part(failed),
      refused: sum(reasons.map(part)),
    });
  }
  return bars;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
