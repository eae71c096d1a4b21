/** Formats the values in an explanation's texts. */
import type { ExplainedCheck } from '../model/explanation.js';
import type { Refusal } from '../model/refusal.js';

const UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
  [1, 's'],
] as const;
/** A longer value of a claim is cut. */
const MAX_VALUE_LENGTH = 80;

/** A check that was passed. */
export function passed(name: string, text: string): ExplainedCheck {
  return { name, result: 'passed', text };
}

/** A check that refuses the request. */
export function failed(name: string, text: string): ExplainedCheck {
  return { name, result: 'failed', text };
}

/** A check that was not run, or does not matter. */
export function skipped(name: string, text: string): ExplainedCheck {
  return { name, result: 'skipped', text };
}

/** A time in RFC 3339, in UTC without fractions: `2026-03-01T12:00:00Z`. */
export function timeText(atMs: number): string {
  if (!Number.isFinite(atMs) || Math.abs(atMs) > 8.64e15) return String(atMs);
  return new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** A time, and how far it is: `2026-03-01T12:00:00Z (in 4m 30s)`. */
export function distanceText(atMs: number, nowMs: number): string {
  const seconds = Math.round((atMs - nowMs) / 1000);
  const text = durationText(Math.abs(seconds));
  return `${timeText(atMs)} (${seconds < 0 ? `${text} ago` : `in ${text}`})`;
}

/** Seconds in at most two units: `4m 30s`. */
function durationText(seconds: number): string {
  const parts: string[] = [];
  let left = Math.ceil(seconds);
  for (const [size, unit] of UNITS) {
    const count = Math.floor(left / size);
    if (count > 0 && parts.length < 2) parts.push(`${count}${unit}`);
    left %= size;
  }
  return parts.join(' ') || '0s';
}

/** A value as JSON, cut where it is long. */
export function valueText(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
}

/** `a`, `a or b`, `a, b or c`. */
export function listText(items: readonly string[], joint: 'and' | 'or'): string {
  if (items.length < 2) return items[0] ?? 'none';
  return `${items.slice(0, -1).join(', ')} ${joint} ${items.at(-1)!}`;
}

/** What was wrong, as a sentence: the message of the body, or else the refusal's detail, where that says it alone. */
export function detailOf({ reason, detail, message }: Refusal): string {
  const isPart = reason === 'insufficient_scope' || reason === 'rate_limited';
  return detail === undefined || isPart ? message : detail;
}
