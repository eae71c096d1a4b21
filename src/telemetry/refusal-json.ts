/** Recent refusals as JSON, as `/api/refusals` of the admin port sends them. They have the names of the access log. */
import type { Explanation } from '../model/explanation.js';
import type { RecentRefusal } from './recent-refusals.js';

/** One refusal of a list. Null stands for what is not known. */
export interface ListedRefusal {
  readonly request_id: string;
  readonly client_request_id: string | null;
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly method: string | null;
  readonly host: string | null;
  readonly path: string | null;
  readonly client_ip: string;
  /** How the access log names the route. */
  readonly route: string | null;
  /** The token service's endpoint. */
  readonly endpoint: string | null;
  readonly issuer: string | null;
  readonly app: string | null;
  readonly status: number;
  readonly reason: string;
  readonly detail: string | null;
  /** Whether a rule in shadow would have refused the request, which was let through. */
  readonly shadow: boolean;
}

/** One refusal with its decision. */
export interface ExplainedRefusal extends Explanation {
  readonly refusal: ListedRefusal;
}

/** Makes the line of a refusal. */
export function listedRefusal(refusal: RecentRefusal): ListedRefusal {
  const { principal } = refusal;
  return {
    request_id: refusal.requestId,
    client_request_id: refusal.clientRequestId ?? null,
    time: new Date(refusal.atMs).toISOString(),
    method: refusal.method ?? null,
    host: refusal.host ?? null,
    path: refusal.path ?? null,
    client_ip: refusal.clientIp,
    route: refusal.route?.label ?? null,
    endpoint: refusal.endpoint ?? null,
    issuer: nameOf(principal?.issuer),
    app: nameOf(principal?.app),
    status: refusal.status,
    reason: refusal.reason,
    detail: refusal.detail ?? null,
    shadow: refusal.isShadow,
  };
}

/** The anonymous caller has empty names. */
function nameOf(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

/** Merges the lists of several workers, the newest first. */
export function mergeRefusals(
  lists: readonly (readonly ListedRefusal[])[],
  limit: number,
): readonly ListedRefusal[] {
  return lists.flat().sort(newestFirst).slice(0, limit);
}

/** Of what several workers found: the refusal with exactly this request id, else the newest with that id of the client. */
export function bestFound(
  found: readonly (ExplainedRefusal | undefined)[],
  id: string,
): ExplainedRefusal | undefined {
  const all = found.filter((one) => one !== undefined);
  return (
    all.find(({ refusal }) => refusal.request_id === id) ??
    all.sort((one, other) => newestFirst(one.refusal, other.refusal))[0]
  );
}

function newestFirst(one: ListedRefusal, other: ListedRefusal): number {
  if (one.time === other.time) return 0;
  return one.time < other.time ? 1 : -1;
}
