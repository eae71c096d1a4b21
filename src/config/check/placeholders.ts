/** Warns of the placeholders of `tollgate import` that were not edited: nobody has a name below `.invalid` (RFC 2606). */
import type { PartialConfig } from '../partial.js';
import type { Path, Warn } from '../problem.js';

/** Warns of each issuer, audience and upstream whose host is below `.invalid`. */
export function warnOfPlaceholders({ issuers, upstreams }: PartialConfig, warn: Warn): void {
  const warnOf = (path: Path, value: string | false | undefined, what: string): void => {
    if (value && isPlaceholder(value)) warn(path, `"${value}" is a placeholder: write ${what}`);
  };
  for (const [name, { issuer, audience }] of issuers) {
    warnOf(['issuers', name, 'issuer'], issuer, 'the iss of your tokens');
    const audiences = audience ? audience.any : [];
    for (const value of audiences) warnOf(['issuers', name, 'audience'], value, 'the aud of your tokens');
  }
  for (const [name, { targets }] of upstreams) {
    for (const { origin } of targets ?? []) warnOf(['upstreams', name], origin, 'the address of the service');
  }
}

function isPlaceholder(value: string): boolean {
  return URL.canParse(value) && new URL(value).hostname.endsWith('.invalid');
}
