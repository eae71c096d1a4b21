/**
 * Authenticate: decides whether a cookie may open a request. A browser sends a cookie also with the requests of other sites,
 * so that any page could act in its user's name. Called by `token-places.ts`.
 */
import type { RequestHead } from '../model/request.js';

export type CookieHead = Pick<
  RequestHead,
  'method' | 'websocket' | 'origin' | 'rawHeaders' | 'forwardedHost' | 'forwardedProto'
>;

/** RFC 9110 9.2.1, without TRACE. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

const ORIGIN = /^(https?):\/\/([^/?#@\s]+)$/i;

/**
 * Whether a request with a token in a cookie is accepted: a safe method, or a page of the gateway's own origin. A WebSocket's
 * messages are not bound to the same-origin policy, so its handshake is never safe.
 */
export function allowsCookie(head: CookieHead): boolean {
  return (!head.websocket && SAFE.has(head.method)) || isSameOrigin(head);
}

/**
 * Whether the browser says that the page has the origin of the request: by Origin (RFC 6454 7), compared with the host that the
 * client addressed, or by Sec-Fetch-Site where there is no Origin. If both are present, both must say so. Of a WebSocket the
 * Origin decides alone: every browser sends it (RFC 6455 4.1).
 */
function isSameOrigin({ origin, rawHeaders, forwardedHost, forwardedProto, websocket }: CookieHead): boolean {
  const site = fetchSite(rawHeaders);
  if (origin === undefined) return site === 'same-origin';
  if (site !== undefined && site !== 'same-origin' && !websocket) return false;
  const [, scheme = '', host = ''] = ORIGIN.exec(origin) ?? [];
  if (host === '') return false;
  const protocol = scheme.toLowerCase();
  // A proxy that is not trusted may have ended TLS, so a page over https can come as http, but not the reverse.
  if (protocol === 'http' && forwardedProto === 'https') return false;
  return withoutDefaultPort(host, protocol) === withoutDefaultPort(forwardedHost, protocol);
}

/** A field that occurs twice says nothing. */
function fetchSite(rawHeaders: RequestHead['rawHeaders']): string | undefined {
  let site: string | undefined;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]!.toLowerCase() !== 'sec-fetch-site') continue;
    site = site === undefined ? rawHeaders[at + 1]! : 'twice';
  }
  return site;
}

function withoutDefaultPort(host: string, protocol: string): string {
  const port = protocol === 'https' ? ':443' : ':80';
  const lower = host.toLowerCase();
  return lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
}
