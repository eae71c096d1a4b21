/** Checks the places of an issuer's tokens. */
import { plainName } from '../../model/identity-fields.js';
import type { PartialIssuer } from '../partial.js';
import type { Path, Report, Warn } from '../problem.js';

/**
 * Reports a place that is `client_ip_header`: one field cannot hold both a token and an address.
 * @param path of the issuer
 */
export function checkTokenFields(
  path: Path,
  { token_from: places = [] }: PartialIssuer,
  clientIpHeader: string | undefined,
  report: Report,
): void {
  if (clientIpHeader === undefined) return;
  const address = plainName(clientIpHeader.toLowerCase());
  for (const [index, place] of places.entries()) {
    if (place.kind !== 'header' || plainName(place.name.toLowerCase()) !== address) continue;
    report(
      [...path, 'token_from', index, 'header'],
      `"${clientIpHeader}" is client_ip_header, the address of the client, and holds no token`,
    );
  }
}

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
