/**
 * The access log: one line an exchange, saying which rule decided and why. It names the route; the path, which may
 * hold what only its owner should read, where the operator says so; and never the query, which may hold a secret.
 *
 * The line is put together here, in the form that pino gives to all others: by pino it cost a tenth of a forwarded
 * request, mostly for what is the same in line after line, and that is kept ready (docs/performance.md).
 */
import type { Principal } from '../model/principal.js';
import type { Observe } from '../model/record.js';
import type { Route } from '../model/route.js';
import type { WriteLine } from './log.js';
import { pathOf } from './path.js';

export interface AccessLogOptions {
  readonly writeInfo: WriteLine;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Stands in every line, where several processes write into one log. */
  readonly worker?: number | undefined;
  /** Whether a line has the request's path; may change at a reload. */
  readonly logged?: { readonly paths: boolean };
}

export function createAccessLog({
  writeInfo,
  now,
  worker,
  logged = { paths: false },
}: AccessLogOptions): Observe {
  const timeOf = createIsoTime();
  const workerPart = worker === undefined ? '' : `,"worker":${worker}`;
  return ({ head, route, endpoint, principal, status, reason, detail, target, durationMs, upstreamMs }) => {
    let line = `{"level":"info","time":"${timeOf(now())}"${workerPart},"request_id":${quote(head.id)}`;
    if (head.clientRequestId !== undefined) line += `,"client_request_id":${quote(head.clientRequestId)}`;
    line += `,"client_ip":${quote(head.clientIp)}`;
    if (head.method !== undefined) line += `,"method":${quote(head.method)}`;
    if (logged.paths) line += pathPart(head.target);
    line += route ? routePart(route) : `,"route":${quote(endpoint ?? 'none')}`;
    if (principal) line += callerPart(principal);
    line += `,"status":${status}`;
    if (reason !== undefined) line += `,"reason":${quote(reason)}`;
    if (detail !== undefined) line += `,"detail":${quote(detail)}`;
    if (target !== undefined) line += `,"target":${quote(target)}`;
    line += `,"duration_ms":${round(durationMs)}`;
    if (upstreamMs !== undefined) line += `,"upstream_ms":${round(upstreamMs)}`;
    writeInfo(`${line},"msg":"request"}\n`);
  };
}

/** As JSON.stringify does, which is called for what few texts have: anything that must be written in another way. */
function quote(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x22 || code === 0x5c || code > 0x7e) return JSON.stringify(text);
  }
  return `"${text}"`;
}

function pathPart(target: string | undefined): string {
  const path = pathOf(target);
  return path === undefined ? '' : `,"path":${quote(path)}`;
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}

const routes = new WeakMap<Route, string>();

function routePart(route: Route): string {
  let part = routes.get(route);
  if (part === undefined) routes.set(route, (part = `,"route":${quote(route.match)}`));
  return part;
}

/** A token that is verified once is shown again and again. */
const callers = new WeakMap<Principal, string>();

function callerPart(principal: Principal): string {
  let part = callers.get(principal);
  if (part === undefined) {
    const { issuer, app } = principal;
    part = (issuer === '' ? '' : `,"issuer":${quote(issuer)}`) + (app === '' ? '' : `,"app":${quote(app)}`);
    callers.set(principal, part);
  }
  return part;
}

/** `2026-11-22T10:00:00.123Z`; a busy gate writes several lines a millisecond. */
function createIsoTime(): (epochMs: number) => string {
  let known = -1;
  let text = '';
  return (epochMs) => {
    const ms = Math.floor(epochMs);
    if (ms !== known) text = new Date(ms).toISOString();
    known = ms;
    return text;
  };
}
