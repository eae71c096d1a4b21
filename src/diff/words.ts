/** Values of the file in words, for the texts of differences. */
import { isSameClaim, type ClaimCondition } from '../model/claim.js';
import { formatWindow, type LimitPolicy } from '../model/limit.js';
import type { Access } from '../model/route.js';

/** Formats milliseconds as the file writes them: `2m`. */
export function durationText(ms: number): string {
  return ms === 0 ? '0s' : formatWindow(ms);
}

/** Formats who may open a route: `orders:read or sso`. */
export function scopeText(access: Access): string {
  if (access.kind === 'public') return 'public';
  const { mode, scopes } = access.requirement;
  if (scopes.length === 0) return 'any valid token';
  return `${scopes.length > 1 ? 'scopes' : 'scope'} ${scopes.join(mode === 'all' ? ' and ' : ' or ')}`;
}

/** Formats a condition: `org_id is {org}`. */
export function conditionText({ name, test, values, parameter }: ClaimCondition): string {
  if (test === 'absent') return `${name} absent`;
  return `${name} ${test} ${parameter === undefined ? values.map(String).join(' or ') : `{${parameter}}`}`;
}

/**
 * Says that a condition of the old file is not kept: what is needed of its claim instead, or that nothing is.
 * @param old the conditions of the old file
 * @param now those of the new file
 */
export function lostConditionText(
  lost: ClaimCondition,
  old: readonly ClaimCondition[],
  now: readonly ClaimCondition[],
): string {
  const before = old.map(conditionText);
  const instead = now
    .filter(({ path }) => isSameClaim(path, lost.path))
    .map(conditionText)
    .filter((text) => !before.includes(text));
  const text = `"${conditionText(lost)}"`;
  if (instead.length === 0) return `require: ${text} is no longer needed`;
  return `require: "${instead.join('" and "')}" is needed instead of ${text}`;
}

/** Formats a limit: `10 per 2m by ip`. */
export function limitText({ requests, windowMs, by, share }: LimitPolicy): string {
  const shared = share === undefined ? '' : ` shared as ${share}`;
  return `${requests} per ${durationText(windowMs)}${by === 'app' ? '' : ` by ${by}`}${shared}`;
}

/** Formats the limits of a route. */
export function limitsText(limits: readonly LimitPolicy[]): string {
  return limits.map(limitText).join(', ') || 'no limit';
}

/** Formats a list: `a, b`; `none` if it is empty. */
export function listText(values: Iterable<string>): string {
  return [...values].join(', ') || 'none';
}
