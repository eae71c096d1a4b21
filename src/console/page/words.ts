/** Numbers, times and durations in words. */

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** `2 hours`, `42 minutes`, `1 second`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  for (const [unit, size] of UNITS) {
    if (whole < size && size > 1) continue;
    const count = Math.round(whole / size);
    return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return '0 seconds';
}

/** `in 42 minutes`, `3 days ago`, `now`. */
export function relativeText(atS: number, nowS = Date.now() / 1000): string {
  const seconds = atS - nowS;
  if (Math.abs(seconds) < 1) return 'now';
  const text = durationText(Math.abs(seconds));
  return seconds > 0 ? `in ${text}` : `${text} ago`;
}

/** Whether epoch seconds are a time that a `Date` can hold. */
export function isTime(atS: number): boolean {
  return !Number.isNaN(new Date(atS * 1000).getTime());
}

/** `2026-11-28 18:04:05` in the reader's time zone. */
export function exactText(atS: number): string {
  const date = new Date(atS * 1000);
  if (!isTime(atS)) return String(atS);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `1,234`; `–` where it is not known. */
export function numberText(value: number | null, digits = 0): string {
  if (value === null) return '–';
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const MOST_DIGITS = 6;

/**
 * Returns the texts of the values of an axis, with as many digits after the point as tell them apart.
 * @param step between two values
 */
export function axisTexts(values: readonly number[], step: number): string[] {
  let digits = 0;
  while (digits < MOST_DIGITS && !isWhole(step * 10 ** digits)) digits += 1;
  return values.map((value) => numberText(value, digits));
}

function isWhole(value: number): boolean {
  return Math.abs(value - Math.round(value)) < 1e-6;
}

/** Shortens a long id in the middle. */
export function shortened(id: string, most = 20): string {
  return id.length <= most ? id : `${id.slice(0, most / 2 - 1)}…${id.slice(1 - most / 2)}`;
}
