/** Translates a reference in a response of a rewritten request to what the caller can use, for `route-changes.ts`. */

/** One request, as its caller and its upstream see it. */
export interface TranslationContext {
  /** The URL that was requested of the target. */
  readonly requested: string;
  /** The origins of all targets. */
  readonly targets: readonly string[];
  /** The hosts, with ports, by which the upstream knows that the caller reaches it. */
  readonly callerHosts: readonly string[];
  /** The scheme with which the caller reaches the gateway: `http` or `https`. */
  readonly callerScheme: string;
  /** What was removed from the caller's path before the gateway read it; empty where that is nothing. */
  readonly outerPrefix: string;
  /** The prefix that the rewrite removed. */
  readonly prefix: string | undefined;
  /** The path that the gateway got, in its normal form. */
  readonly matched: string;
  /** Returns the path that is rewritten to a path of the upstream; undefined where there is none. */
  readonly reverse: (upstreamPath: string) => string | undefined;
}

const NOWHERE = 'http://gateway.invalid';

/**
 * Translates a Location or Content-Location. References to other hosts, and those that need no change, are returned as
 * they are. URLs are read as browsers read them (the URL standard), so that `/\host` and `//host` are other hosts.
 */
export function translateReference(reference: string, context: TranslationContext): string {
  // The empty reference, a query and a fragment are relative to the caller's own URL.
  if (/^(?:[?#]|$)/.test(reference) || !URL.canParse(reference, context.requested)) return reference;
  const url = new URL(reference, context.requested);
  const path = callerPath(url.pathname, context);
  const end = url.search + url.hash;
  if (context.targets.includes(url.origin)) {
    const hasOwnOrigin = URL.canParse(reference) || !reachesSameHost(reference);
    if (path !== undefined) return leadsTo(reference, path, context) ? reference : path + end;
    // The caller cannot reach the target, so its origin is of no use. A path of two slashes would name another host.
    return hasOwnOrigin && !url.pathname.startsWith('//') ? url.pathname + end : reference;
  }
  if (path === undefined || path === url.pathname) return reference;
  if (URL.canParse(reference)) return isCallerHost(url, context) ? url.origin + path + end : reference;
  // The caller reads a reference without a scheme with its own, not with the target's.
  const seen = new URL(reference, `${context.callerScheme}://gateway.invalid`);
  return isCallerHost(seen, context) ? `//${seen.host}${path}${end}` : reference;
}

/**
 * Returns the caller's path for a path of the upstream. An upstream that uses X-Forwarded-Prefix has put the prefix before
 * its own paths.
 */
function callerPath(
  pathname: string,
  { outerPrefix, prefix, reverse }: TranslationContext,
): string | undefined {
  const whole = prefix === undefined ? undefined : outerPrefix + prefix;
  if (whole !== undefined && (pathname === whole || pathname.startsWith(`${whole}/`))) {
    if (pathname === whole) return pathname;
    const path = reverse(pathname.slice(whole.length));
    if (path !== undefined) return outerPrefix + path;
  }
  const path = reverse(pathname);
  return path === undefined ? undefined : outerPrefix + path;
}

/** Whether the caller, who resolves the reference against its own URL, gets to the path without a translation. */
function leadsTo(reference: string, path: string, { outerPrefix, matched }: TranslationContext): boolean {
  const base = `${NOWHERE}${outerPrefix}${matched}`;
  if (URL.canParse(reference) || !URL.canParse(reference, base)) return false;
  const url = new URL(reference, base);
  return url.origin === NOWHERE && url.pathname === path;
}

function reachesSameHost(reference: string): boolean {
  return new URL(reference, NOWHERE).origin === NOWHERE;
}

function isCallerHost({ protocol, host }: URL, { callerHosts }: TranslationContext): boolean {
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  return callerHosts.some(
    (each) => URL.canParse(`${protocol}//${each}`) && new URL(`${protocol}//${each}`).host === host,
  );
}
