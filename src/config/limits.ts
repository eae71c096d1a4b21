/** Turns the limits of a route into policies. The checks and the compiler share it. */
import { createHash } from 'node:crypto';
import type { LimitPolicy } from '../model/limit.js';
import type { RawLimit } from './schema/limit.js';

/** The value of `limit`; undefined if the key is absent. */
export type RawLimits = 'none' | RawLimit | readonly RawLimit[] | undefined;

/**
 * Makes the policies of a route's limits: `by` gets its default, and each policy the id of its counter.
 * @param label of the route (`Route.label`); part of the id of a counter that is not shared
 */
export function policiesOf(limits: RawLimits, label: string, isPublic: boolean): readonly LimitPolicy[] {
  if (limits === undefined || limits === 'none') return [];
  const all: readonly RawLimit[] = 'requests' in limits ? [limits] : limits;
  return all.map(({ requests, window: windowMs, by = isPublic ? 'ip' : 'app', share }) => ({
    requests,
    windowMs,
    by,
    share,
    id: idOf(share === undefined ? ['route', normalize(label)] : ['share', share], windowMs, by),
  }));
}

/** A hash of 96 bits: long enough that no two counters of a file collide, short enough to be in every key. */
function idOf(counterKey: readonly string[], windowMs: number, by: string): string {
  const input = JSON.stringify([...counterKey, windowMs, by]);
  return createHash('sha256').update(input).digest('base64url').slice(0, 16);
}

/** Normalizes spaces without a meaning, so that they do not start a new counter. */
function normalize(label: string): string {
  return label
    .trim()
    .replace(/\s*,\s*/g, ',')
    .replace(/\s+/g, ' ');
}
