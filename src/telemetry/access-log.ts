/**
 * The access log: one line for each exchange, with the route, the caller, the status and the reason. The path may be
 * private, so it is logged only if the operator enables it. The query may hold a secret, so it is never logged.
 *
 * The line is built here in the same form as pino's lines. With pino it cost a tenth of a forwarded request, mostly for
 * the parts that are the same in each line; these are cached (docs/performance.md).
 */
import type { Principal } from '../model/principal.js';
import type { Observe } from '../model/record.js';
import type { Refusal } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import type { WriteLine } from './log.js';
import { ALL_REQUESTS, isLogged, type LoggedRequests } from './logged-requests.js';
import { loggedPath } from './path.js';

export interface AccessLogOptions {
  readonly writeInfo: WriteLine;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The worker's number, written in every line; undefined: a single process. */
  readonly worker?: number | undefined;
  /** Read for each line, so a reload may change it. */
  readonly logged?: LoggedRequests;
}

/** Creates an observer that writes one line for each finished exchange, at level info. */
export function createAccessLog({
  writeInfo,
  now,
  worker,
  logged = ALL_REQUESTS,
}: AccessLogOptions): Observe {
  const timeOf = createIsoTime();
  const workerPart = worker === undefined ? '' : `,"worker":${worker}`;
  return (record) => {
    if (logged.access !== true && !isLogged(record, logged)) return;
    const { head, route, endpoint, principal, status, reason, detail, shadow, target } = record;
    const { durationMs, upstreamMs, traceId } = record;
    let line = `{"level":"info","time":"${timeOf(now())}"${workerPart},"request_id":${quote(head.id)}`;
    if (head.clientRequestId !== undefined) line += `,"client_request_id":${quote(head.clientRequestId)}`;
    if (traceId !== undefined) line += `,"trace_id":"${traceId}"`;
    line += `,"client_ip":${quote(head.clientIp)}`;
    if (head.method !== undefined) line += `,"method":${quote(head.method)}`;
    if (logged.paths) line += pathPart(head.target);
    line += route ? routePart(route) : `,"route":${quote(endpoint ?? 'none')}`;
    if (principal) line += callerPart(principal);
    line += `,"status":${status}`;
    if (reason !== undefined) line += `,"reason":${quote(reason)}`;
    if (detail !== undefined) line += `,"detail":${quote(detail)}`;
    if (shadow) line += shadowPart(shadow);
    if (target !== undefined) line += `,"target":${quote(target)}`;
    line += `,"duration_ms":${round(durationMs)}`;
    if (upstreamMs !== undefined) line += `,"upstream_ms":${round(upstreamMs)}`;
    writeInfo(`${line},"msg":"request"}\n`);
  };
}

/** Quotes like JSON.stringify, which is called only for texts with characters that need escaping or are not ASCII. */
function quote(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x22 || code === 0x5c || code > 0x7e) return JSON.stringify(text);
  }
  return `"${text}"`;
}

/** What rules in shadow would have refused the request with. */
function shadowPart({ reason, detail }: Refusal): string {
  return `,"shadow":${quote(reason)}${detail === undefined ? '' : `,"shadow_detail":${quote(detail)}`}`;
}

function pathPart(target: string | undefined): string {
  const path = loggedPath(target);
  return path === undefined ? '' : `,"path":${quote(path)}`;
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}

const routeParts = new WeakMap<Route, string>();

function routePart(route: Route): string {
  let part = routeParts.get(route);
  if (part === undefined) routeParts.set(route, (part = `,"route":${quote(route.label)}`));
  return part;
}

/** By principal: most tokens are presented many times. */
const callerParts = new WeakMap<Principal, string>();

function callerPart(principal: Principal): string {
  let part = callerParts.get(principal);
  if (part === undefined) {
    const { issuer, app } = principal;
    part = (issuer === '' ? '' : `,"issuer":${quote(issuer)}`) + (app === '' ? '' : `,"app":${quote(app)}`);
    callerParts.set(principal, part);
  }
  return part;
}

/** `2026-11-22T10:00:00.123Z`, cached: a busy gateway writes several lines in a millisecond. */
function createIsoTime(): (epochMs: number) => string {
  let cachedMs = -1;
  let text = '';
  return (epochMs) => {
    const ms = Math.floor(epochMs);
    if (ms !== cachedMs) text = new Date(ms).toISOString();
    cachedMs = ms;
    return text;
  };
}
