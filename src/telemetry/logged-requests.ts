/** Which requests the access log has, and whether with their paths. For `access-log.ts` and `request-lines.ts`. */
import type { ExchangeRecord } from '../model/record.js';
import type { LogSettings } from '../model/settings.js';

export type LoggedRequests = Pick<LogSettings, 'access' | 'paths'>;

/** Every request, without its path. */
export const ALL_REQUESTS: LoggedRequests = { access: true, paths: false };

/** Returns whether a request has a line. With `failures` a status of the upstream's own counts from 500. */
export function isLogged(
  { status, reason, shadow }: Pick<ExchangeRecord, 'status' | 'reason' | 'shadow'>,
  { access }: LoggedRequests,
): boolean {
  if (access !== 'failures') return access;
  return reason !== undefined || status >= 500 || shadow !== undefined;
}
