/**
 * The path of a request's target, without its query: a query may hold a secret. Of an absolute form (RFC 9112 3.2.2) the
 * authority is left out too. Undefined where there is no path: a request that was not read, `*`, an authority.
 */
export function pathOf(target: string | undefined): string | undefined {
  if (target === undefined) return undefined;
  const end = target.search(/[?#]/);
  const whole = end === -1 ? target : target.slice(0, end);
  if (whole.startsWith('/')) return whole;
  return /^[a-z][a-z0-9+.-]*:\/\/[^/]*(\/.*)$/i.exec(whole)?.[1];
}
