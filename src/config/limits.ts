/** Turns the limits of a route into policies. The checks and the compiler share it. */
import { createHash } from 'node:crypto';
import type { LimitPolicy } from '../model/limit.js';
import type { RawLimit } from './schema/limit.js';

/** The value of `limit`; undefined if the key is absent. */
export type RawLimits = 'none' | RawLimit | readonly RawLimit[] | undefined;

/** A limit of the file: one in force, or one in shadow. */
export interface FilePolicy extends LimitPolicy {
  readonly shadow: boolean;
}

/**
 * Makes the policies of a route's limits: `by` gets its default, and each policy the id of its counter. A limit in shadow
 * has a counter of its own, so that it begins anew when it is in force.
 * @param label of the route (`Route.label`); part of the id of a counter that is not shared
 */
export function policiesOf(limits: RawLimits, label: string, isPublic: boolean): readonly FilePolicy[] {
  if (limits === undefined || limits === 'none') return [];
  const all: readonly RawLimit[] = 'requests' in limits ? [limits] : limits;
  return all.map((limit) => {
    const { requests, window: windowMs, by = isPublic ? 'ip' : 'app', share, shadow = false, name } = limit;
    const counterKey = share === undefined ? ['route', normalize(label)] : ['share', share];
    const id = idOf(shadow ? ['shadow', ...counterKey] : counterKey, windowMs, by);
    return { requests, windowMs, by, share, name, shadow, id };
  });
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
