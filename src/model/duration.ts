/** Durations as text, such as `30s`: in the file, in commands and in the apps API. */

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Converts a duration such as `500ms`, `30s`, `2m`, `1h` or `1d` to milliseconds; undefined for any other text. */
export function durationMs(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text) ?? [];
  const unitMs = UNITS_MS[unit ?? ''];
  return unitMs === undefined ? undefined : Number(count) * unitMs;
}

/** Formats milliseconds in the largest unit that divides them: `2m` for 120000. */
export function formatDuration(ms: number): string {
  let text = `${ms}ms`;
  for (const [unit, unitMs] of Object.entries(UNITS_MS))
    if (ms % unitMs === 0) text = `${ms / unitMs}${unit}`;
  return text;
}
