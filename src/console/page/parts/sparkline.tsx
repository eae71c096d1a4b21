/** A small line beside a figure. It has no numbers of its own, so screen readers skip it. */

const WIDTH = 200;
const HEIGHT = 40;
const EDGE = 2;

/** Draws the values from left to right; where a value is not known, the line has a gap. */
export function Sparkline({ values }: { readonly values: readonly (number | null)[] }) {
  const known = values.filter((value) => value !== null);
  const most = Math.max(...known, 0);
  const stepX = WIDTH / Math.max(1, values.length - 1);
  const y = (value: number): number =>
    HEIGHT - EDGE - (most === 0 ? 0 : (value / most) * (HEIGHT - 2 * EDGE));
  const path = values.map((value, at) => {
    if (value === null) return '';
    const isFirst = (values[at - 1] ?? null) === null;
    // A value without neighbours is a dot: a line without length has round ends.
    return `${isFirst ? 'M' : 'L'}${(at * stepX).toFixed(1)} ${y(value).toFixed(1)}${isFirst ? 'h0' : ''}`;
  });
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path
        d={path.join('')}
        fill="none"
        stroke="var(--accent)"
        stroke-width="2"
        stroke-linejoin="round"
        stroke-linecap="round"
        vector-effect="non-scaling-stroke"
      />
    </svg>
  );
}
