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
  const isKnown = (at: number): boolean => (values[at] ?? null) !== null;
  let line = '';
  let dots = '';
  for (const [at, value] of values.entries()) {
    if (value === null) continue;
    const place = `${(at * stepX).toFixed(1)} ${y(value).toFixed(1)}`;
    // A value without neighbours is a dot: a line without length has round ends.
    if (!isKnown(at - 1) && !isKnown(at + 1)) dots += `M${place}h0`;
    else line += `${isKnown(at - 1) ? 'L' : 'M'}${place}`;
  }
  const stroke = {
    fill: 'none',
    stroke: 'var(--accent)',
    'stroke-linejoin': 'round',
    'stroke-linecap': 'round',
    'vector-effect': 'non-scaling-stroke',
  } as const;
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={line} stroke-width="2" {...stroke} />
      <path d={dots} stroke-width="5" {...stroke} />
    </svg>
  );
}
