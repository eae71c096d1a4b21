/** Checks the places of an issuer's tokens. */
import type { PartialIssuer } from '../partial.js';
import type { Path, Warn } from '../problem.js';

/**
 * Warns where an issuer has `forward_token: true` but no place to which it applies.
 * @param path of the issuer
 */
export function warnOfIdleForwardToken(
  path: Path,
  { token_from: places = [], forward_token: forwards }: PartialIssuer,
  warn: Warn,
): void {
  if (forwards !== true || places.some(({ kind }) => kind === 'header' || kind === 'cookie')) return;
  warn(
    [...path, 'forward_token'],
    '"forward_token" forwards nothing: "token_from" has no header field and no cookie',
  );
}
