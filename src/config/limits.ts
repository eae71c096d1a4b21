/** From a limit as written to the policies that a route has: `by` filled in, each with the id of its count. */
import { createHash } from 'node:crypto';
import type { LimitPolicy } from '../model/limit.js';
import type { WrittenLimit } from './schema/limit.js';

export type WrittenLimits = 'none' | WrittenLimit | readonly WrittenLimit[] | undefined;

export function policiesOf(limits: WrittenLimits, match: string, isPublic: boolean): readonly LimitPolicy[] {
  if (limits === undefined || limits === 'none') return [];
  const all: readonly WrittenLimit[] = 'requests' in limits ? [limits] : limits;
  return all.map(({ requests, window: windowMs, by = isPublic ? 'ip' : 'app', share }) => ({
    requests,
    windowMs,
    by,
    share,
    id: idOf(share === undefined ? ['route', normal(match)] : ['share', share], windowMs, by),
  }));
}

/** 96 bits: long enough that no two counts of a file meet, short enough to stand in every key. */
function idOf(counted: readonly string[], windowMs: number, by: string): string {
  const words = JSON.stringify([...counted, windowMs, by]);
  return createHash('sha256').update(words).digest('base64url').slice(0, 16);
}

/** Spaces that mean nothing do not begin a new count. */
function normal(match: string): string {
  return match
    .trim()
    .replace(/\s*,\s*/g, ',')
    .replace(/\s+/g, ' ');
}
