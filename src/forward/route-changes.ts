/**
 * What a route changes beyond its upstream's settings: fields of the response, and where it rewrites, X-Forwarded-Prefix
 * and the references back. Other routes never come here.
 */
import { isUtf8 } from 'node:buffer';
import type { RequestHead } from '../model/request.js';
import type { Route } from '../model/route.js';
import type { Exchange } from './exchange.js';
import { translateReference } from './location.js';
import { ReverseRewrite } from './reverse-rewrite.js';

const reverseRewrites = new WeakMap<Route, ReverseRewrite>();

/** Fields that hold one URI reference (RFC 9110 8.7 and 10.2.2). */
const REFERENCES: ReadonlySet<string> = new Set(['location', 'content-location']);

/** A path of plain segments. A client could have sent another text through a proxy that does not remove the field. */
const PREFIX = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9\-._~!$&'()*+=:@]+)+\/?$/;

/**
 * Returns the X-Forwarded-Prefix for the upstream: what the route's rewrite removed, after what a trusted proxy and the
 * surrounding application removed; undefined where the rewrite removes no prefix.
 */
export function forwardedPrefix(exchange: Pick<Exchange, 'req' | 'head' | 'admission'>): string | undefined {
  const { route, matched } = exchange.admission;
  const own = reverseRewriteOf(route)?.prefixOf(matched);
  return own === undefined ? undefined : outerPrefix(exchange) + own;
}

/**
 * Applies the route's `response_headers` to the upstream's fields, and translates their references.
 *
 * @param fields the upstream's fields, alternating names and values
 */
export function changeResponseFields(fields: readonly string[], exchange: Exchange): string[] {
  const { route } = exchange.admission;
  const { responseHeaders } = route;
  const reverseRewrite = reverseRewriteOf(route);
  const changed: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at]!;
    const value = fields[at + 1]!;
    const lower = name.toLowerCase();
    if (responseHeaders?.replaced.has(lower)) continue;
    const isReference = reverseRewrite !== undefined && REFERENCES.has(lower);
    changed.push(name, isReference ? callerReference(value, exchange, reverseRewrite) : value);
  }
  for (const [name, value] of responseHeaders?.set ?? []) changed.push(name, value);
  return changed;
}

/** Translates a reference in the bytes of the wire, one a character; one that is not UTF-8 is returned as it is. */
function callerReference(value: string, exchange: Exchange, rewrite: ReverseRewrite): string {
  const { head, admission } = exchange;
  const { route, path, query, matched } = admission;
  const { targets, host } = route.upstream;
  const reference = decodedUtf8(value);
  if (reference === undefined) return value;
  const translated = translateReference(reference, {
    requested: `${targets[0].origin}${path}${query}`,
    callerScheme: head.forwardedProto,
    targets: targets.map(({ origin }) => origin),
    callerHosts: host === 'preserve' ? [head.forwardedHost, head.host] : [head.forwardedHost],
    outerPrefix: outerPrefix(exchange),
    prefix: rewrite.prefixOf(matched),
    matched,
    reverse: (upstreamPath) => rewrite.reverse(upstreamPath, matched),
  });
  return translated === reference ? value : translated;
}

/** Decodes UTF-8 from text that has one character for each byte; undefined where it is not UTF-8. */
function decodedUtf8(bytes: string): string | undefined {
  const buffer = Buffer.from(bytes, 'latin1');
  return isUtf8(buffer) ? buffer.toString('utf8') : undefined;
}

function reverseRewriteOf(route: Route): ReverseRewrite | undefined {
  if (route.rewrite === undefined) return undefined;
  let reverse = reverseRewrites.get(route);
  if (reverse === undefined) reverseRewrites.set(route, (reverse = new ReverseRewrite(route, route.rewrite)));
  return reverse;
}

/** Returns what was removed from the caller's path before the gateway read it. */
function outerPrefix({ head, req }: Pick<Exchange, 'head' | 'req'>): string {
  return proxyPrefix(head) + mountPath(req);
}

/** As a library: the mount path, which Express keeps in `baseUrl`, and Connect in the difference to `originalUrl`. */
function mountPath(req: Exchange['req']): string {
  const {
    baseUrl,
    originalUrl,
    url = '',
  } = req as Exchange['req'] & Record<'baseUrl' | 'originalUrl', unknown>;
  if (typeof baseUrl === 'string' && baseUrl !== '') return plainPath(baseUrl);
  if (typeof originalUrl !== 'string' || !originalUrl.endsWith(url)) return '';
  return plainPath(originalUrl.slice(0, originalUrl.length - url.length));
}

/** Returns the prefix that a trusted proxy removed; empty where it sent none, several, or no path. */
function proxyPrefix({ rawHeaders, viaTrustedProxy }: RequestHead): string {
  if (!viaTrustedProxy) return '';
  let found: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]!.toLowerCase() !== 'x-forwarded-prefix') continue;
    if (found !== undefined) return '';
    found = rawHeaders[at + 1]!;
  }
  return plainPath(found ?? '');
}

/** Returns a path without a slash at its end; empty where it is no path of plain segments. */
function plainPath(text: string): string {
  return PREFIX.test(text) ? text.replace(/\/$/, '') : '';
}
