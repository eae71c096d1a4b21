/** What `tollgate check --online` found, for people and for `--json`. */
import type { OnlineResult } from '../app/online/check-online.js';
import { formatTable } from './args.js';

/** Returns one line for each dependency: whether it can be used, what it is, where, and what was found. */
export function onlineTable(results: readonly OnlineResult[]): string {
  if (results.length === 0) return 'there is nothing to ask: no upstream, issuer or store is elsewhere';
  return formatTable(
    results.map(({ kind, name, place, ok, text, durationMs }) => [
      ok ? 'ok' : 'FAILED',
      kind === 'upstream' || kind === 'issuer' ? `${kind} ${name}` : kind,
      place,
      ok ? `${text} (${Math.ceil(durationMs)} ms)` : text,
    ]),
  );
}

/** Returns a result for `--json`. */
export function onlineAsJson({ kind, name, place, ok, text, durationMs }: OnlineResult): object {
  return { kind, name, place, ok, text, duration_ms: Math.round(durationMs) };
}
