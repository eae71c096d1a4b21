/** What begins a query or parameters, as it is, encoded, encoded twice or full-width: a secret may stand behind it. */
const PATH_END = /[?#;]|%(?:25)*(?:3f|23|3b)|%ef%bc%(?:9f|83|9b)/i;

/**
 * The path of a request's target, without its query and parameters: they may hold a secret. Of an absolute form (RFC 9112 3.2.2) the
 * authority is left out too. Undefined where there is no path: a request that was not read, `*`, an authority.
 */
export function pathOf(target: string | undefined): string | undefined {
  if (target === undefined) return undefined;
  const end = target.search(PATH_END);
  const whole = end === -1 ? target : target.slice(0, end);
  if (whole.startsWith('/')) return whole;
  return /^[a-z][a-z0-9+.-]*:\/\/[^/]*(\/.*)$/i.exec(whole)?.[1];
}
