/** The legend of a stacked chart. Each entry is a button that shows its series alone. */
import { numberText } from '../words';
import type { TrafficSeries } from './series';

export interface LegendProps {
  readonly series: readonly TrafficSeries[];
  /** The key of the series that is shown alone; undefined: all are shown. */
  readonly chosen: string | undefined;
  readonly onChoose: (key: string | undefined) => void;
}

/** Draws the entries with the total of each. */
export function Legend({ series, chosen, onChoose }: LegendProps) {
  return (
    <div class="legend" role="group" aria-label="Series">
      {series.map(({ key, name, total, color }) => (
        <button
          key={key}
          type="button"
          class="legend-entry"
          aria-pressed={chosen === key}
          onClick={() => onChoose(chosen === key ? undefined : key)}
        >
          <Swatch color={color} />
          {name} <strong>{numberText(total)}</strong>
        </button>
      ))}
    </div>
  );
}

/** A square in the color of a series. Its name stands beside it. */
export function Swatch({ color }: { readonly color: string }) {
  return (
    <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
      <rect width="10" height="10" rx="2" fill={color} />
    </svg>
  );
}
