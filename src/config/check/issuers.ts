/** Checks the issuers: each token belongs to one issuer at most, and each issuer has keys. */
import { USUAL_TOKEN_TYPES } from '../../model/token-type.js';
import type { PartialIssuer, PartialConfig } from '../partial.js';
import type { Files } from '../files.js';
import { ParseError, type Path, type Report, type Warn } from '../problem.js';
import { checkClaims } from './claims.js';
import { warnOfDottedClaims } from './dotted-claims.js';
import { checkKeyKinds } from './key-kinds.js';
import { checkKeyRequests } from './key-requests.js';
import { jwksError, jwksTextError } from './keys.js';
import { checkTokenFields, warnOfIdleForwardToken } from './token-from.js';

/**
 * Reports problems of each issuer and between issuers.
 * @param isPresent whether the file has a key, even if its value is faulty
 */
export function checkIssuers(
  { issuers, general }: PartialConfig,
  files: Files,
  isPresent: (path: Path) => boolean,
  report: Report,
  warn: Warn,
): void {
  const sole = issuers.size === 1 && general.tokens === undefined;
  const byIss = new Map<string | false, string>();
  for (const [name, each] of issuers) {
    const path = ['issuers', name];
    if (!sole && each.grants === undefined && !isPresent([...path, 'grants'])) {
      report(
        path,
        'missing key "grants": with two issuers or more, each says the most that its tokens can open',
        'key',
      );
    }
    if (checkKeyKinds(path, each, files, isPresent, report)) checkKeys(path, each, files, report);
    checkKeyRequests(path, each, files, isPresent, report, warn);
    checkClaims(path, each, report);
    warnOfDottedClaims(path, each, isPresent, warn);
    checkTokenFields(path, each, general.client_ip_header, report);
    warnOfIdleForwardToken(path, each, warn);
    if (each.issuer === undefined) continue;
    const other = byIss.get(each.issuer);
    if (other === undefined) byIss.set(each.issuer, name);
    else if (each.issuer === false) {
      report([...path, 'issuer'], `only one issuer can have issuer: false, and "${other}" has it already`);
    } else {
      report(
        [...path, 'issuer'],
        `the issuer "${other}" has this iss already; a token must belong to one issuer`,
      );
    }
  }
}

function checkKeys(
  path: Path,
  { jwks, algorithms = ['RS256'], token_types: tokenTypes = USUAL_TOKEN_TYPES }: PartialIssuer,
  files: Files,
  report: Report,
): void {
  if (jwks === undefined || 'url' in jwks) return;
  const error = 'file' in jwks ? fileError(jwks.file) : jwksError(jwks.inline, { algorithms, tokenTypes });
  if (error) report([...path, 'jwks'], error.text);

  function fileError(name: string): ParseError | undefined {
    const text = files.text(name);
    return text instanceof ParseError ? text : jwksTextError(text, { algorithms, tokenTypes });
  }
}
