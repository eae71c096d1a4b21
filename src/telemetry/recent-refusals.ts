/**
 * The refusals of this process that are not long ago, in memory, so that an administrator can ask why a request was refused.
 *
 * Nothing is kept of an admitted request, unless a rule in shadow would have refused it. Of a refused one nothing is kept that is secret: no header field, no query, no
 * token, also not one in the path. A client cannot make it grow: the number of entries is fixed and each text is cut.
 */
import type { Principal } from '../model/principal.js';
import { BROKEN_BODY, type ExchangeRecord } from '../model/record.js';
import { isRefusalReason } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import { hideTokens, pathOf } from './path.js';

/** One refused request. */
export interface RecentRefusal {
  readonly requestId: string;
  /** The id that an untrusted client sent. Two requests may have the same. */
  readonly clientRequestId: string | undefined;
  /** When the exchange was over, epoch milliseconds. */
  readonly atMs: number;
  /** Undefined where the request was not read, as in the access log. */
  readonly method: string | undefined;
  readonly host: string | undefined;
  /** Without query and parameters; the end of a long one is replaced by `…`. */
  readonly path: string | undefined;
  readonly clientIp: string;
  /** The route at the time of the request; a reload may have replaced it. */
  readonly route: Route | undefined;
  /** The token service's endpoint that refused. */
  readonly endpoint: string | undefined;
  readonly principal: Principal | undefined;
  /** The status, or 499 where the client left before the response. */
  readonly status: number;
  readonly reason: string;
  readonly detail: string | undefined;
  /** The target that failed. */
  readonly target: string | undefined;
  /** Whether a rule in shadow would have refused the request, which was let through. */
  readonly isShadow: boolean;
}

/** Which refusals are listed. */
export interface RefusalFilter {
  /** The most entries. */
  readonly limit: number;
  /** The caller's app id; undefined: any. */
  readonly app?: string | undefined;
  /** Whether requests that rules in shadow would have refused are listed, in place of refusals. */
  readonly shadow?: boolean | undefined;
  /** How the access log names the route or the endpoint; undefined: any. */
  readonly route?: string | undefined;
}

/** With the bounds below an entry takes less than 2 KiB, besides the principal, which is no larger than its token. */
const DEFAULT_SIZE = 1000;
const MAX_PATH = 512;
const MAX_HOST = 255;
const MAX_METHOD = 32;
const MAX_ADDRESS = 64;

/** The last refusals, and apart from them the last requests that rules in shadow would have refused. */
export class RecentRefusals {
  readonly #refused: Ring;
  readonly #inShadow: Ring;
  readonly #now: () => number;

  /**
   * @param now epoch milliseconds
   * @param size how many refusals are kept, and how many requests that rules in shadow would have refused
   */
  constructor(now: () => number, size = DEFAULT_SIZE) {
    this.#now = now;
    this.#refused = new Ring(size);
    this.#inShadow = new Ring(size);
  }

  /** Keeps an exchange if it was refused. Returns its entry; undefined where it was not refused. */
  add(record: ExchangeRecord): RecentRefusal | undefined {
    if (!isRefusal(record)) return undefined;
    const { reason = '', detail } = record;
    const entry = entryOf(record, this.#now(), reason, detail, false);
    this.#refused.add(entry);
    return entry;
  }

  /** Keeps an exchange if a rule in shadow would have refused it. */
  addShadow(record: ExchangeRecord): void {
    const { shadow } = record;
    if (shadow) this.#inShadow.add(entryOf(record, this.#now(), shadow.reason, shadow.detail, true));
  }

  /** Returns the refusals that the filter admits, the newest first. */
  list({ limit, app, route, shadow = false }: RefusalFilter): readonly RecentRefusal[] {
    const found: RecentRefusal[] = [];
    const ring = shadow ? this.#inShadow : this.#refused;
    for (const entry of ring.newestFirst()) {
      if (found.length >= limit) break;
      if (app !== undefined && entry.principal?.app !== app) continue;
      if (route !== undefined && (entry.route?.label ?? entry.endpoint) !== route) continue;
      found.push(entry);
    }
    return found;
  }

  /** Returns the refusal with this request id, else the newest with this id of the client's; undefined where none is kept. */
  find(id: string): RecentRefusal | undefined {
    let byClientId: RecentRefusal | undefined;
    for (const entry of this.#refused.newestFirst()) {
      if (entry.requestId === id) return entry;
      if (entry.clientRequestId === id) byClientId ??= entry;
    }
    return byClientId;
  }
}

/** The last entries, up to a number. */
class Ring {
  readonly #entries: RecentRefusal[] = [];
  /** Where the next entry goes once the ring is full. */
  #next = 0;

  constructor(readonly size: number) {}

  add(entry: RecentRefusal): void {
    this.#entries[this.#next] = entry;
    this.#next = (this.#next + 1) % this.size;
  }

  *newestFirst(): Generator<RecentRefusal> {
    const count = this.#entries.length;
    for (let back = 1; back <= count; back++) yield this.#entries[(this.#next - back + count) % count]!;
  }
}

/**
 * Returns whether an exchange was refused. An error of the token service has a reason of its own. A fault after the response
 * had begun is no refusal.
 */
export function isRefusal({ status, reason, endpoint }: ExchangeRecord): boolean {
  if (reason === undefined || status < 400) return false;
  return endpoint !== undefined || reason === BROKEN_BODY || isRefusalReason(reason);
}

function entryOf(
  record: ExchangeRecord,
  atMs: number,
  reason: string,
  detail: string | undefined,
  isShadow: boolean,
): RecentRefusal {
  const { head, route, endpoint, principal, status, target } = record;
  const path = pathOf(head.target);
  return {
    requestId: head.id,
    clientRequestId: head.clientRequestId,
    atMs,
    method: head.method === undefined ? undefined : cut(head.method, MAX_METHOD),
    host: head.host === undefined ? undefined : cut(head.host, MAX_HOST),
    path: path === undefined ? undefined : cut(pathToKeep(path, head.target), MAX_PATH),
    clientIp: copyOf(head.clientIp.slice(0, MAX_ADDRESS)),
    route,
    endpoint,
    principal,
    status,
    reason,
    detail,
    target,
    isShadow,
  };
}

/** The path without tokens; a copy, unless it is the whole target. */
function pathToKeep(path: string, target: string | undefined): string {
  const own = path === target || path.length > MAX_PATH ? path : copyOf(path);
  return own.includes('eyJ') ? hideTokens(own) : own;
}

/** Cuts a text that is long. */
function cut(text: string, length: number): string {
  return text.length > length ? `${copyOf(text.slice(0, length))}…` : text;
}

/** V8 copies a shorter part of a string. A longer one keeps the whole string in memory. */
const SHORTEST_SLICE = 13;

/** Copies a text that may be a part of another one: of a target with its query, or of a list of addresses. */
function copyOf(text: string): string {
  return text.length < SHORTEST_SLICE ? text : Buffer.from(text, 'latin1').toString('latin1');
}
