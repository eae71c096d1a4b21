/** Checks of the issuers, each and among themselves: no token may find two of them, and every one its keys. */
import { USUAL_TOKEN_TYPES } from '../../model/token-type.js';
import type { PartialIssuer, PartialConfig } from '../partial.js';
import type { Files } from '../files.js';
import { ParseError, type Path, type Report } from '../problem.js';
import { parseKeyUrl } from '../schema/url.js';
import { checkClaims } from './claims.js';
import { jwksError, jwksTextError } from './keys.js';

/** @param isWritten tells what a key's absence from the draft alone does not: whether it is there, though faulty */
export function checkIssuers(
  { issuers, general }: PartialConfig,
  files: Files,
  isWritten: (path: Path) => boolean,
  report: Report,
): void {
  const sole = issuers.size === 1 && general.tokens === undefined;
  const byIss = new Map<string | false, string>();
  for (const [name, each] of issuers) {
    const path = ['issuers', name];
    if (!sole && each.grants === undefined && !isWritten([...path, 'grants'])) {
      report(
        path,
        'missing key "grants": with two issuers or more, each says the most that its tokens can open',
        'key',
      );
    }
    checkKeys(path, each, files, isWritten, report);
    checkClaims(path, each, report);
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
  { issuer, jwks, algorithms = ['RS256'], token_types: tokenTypes = USUAL_TOKEN_TYPES }: PartialIssuer,
  files: Files,
  isWritten: (path: Path) => boolean,
  report: Report,
): void {
  if (jwks === undefined) {
    if (issuer !== undefined && !isWritten([...path, 'jwks']))
      checkDiscovery([...path, 'issuer'], issuer, report);
    return;
  }
  if ('url' in jwks) return;
  const flaw = 'file' in jwks ? flawOfFile(jwks.file) : jwksError(jwks.inline, { algorithms, tokenTypes });
  if (flaw) report([...path, 'jwks'], flaw.text);

  function flawOfFile(name: string): ParseError | undefined {
    const text = files.text(name);
    return text instanceof ParseError ? text : jwksTextError(text, { algorithms, tokenTypes });
  }
}

function checkDiscovery(path: Path, issuer: string | false, report: Report): void {
  if (issuer === false) {
    report(path, 'an issuer without iss needs "jwks", since its keys cannot be discovered');
    return;
  }
  const url = parseKeyUrl(issuer);
  if (url instanceof ParseError || url.includes('?')) {
    const why = url instanceof ParseError ? url.text : 'must be a URL without a query';
    report(path, `without "jwks" the keys are discovered at this URL, which ${why}`);
  }
}
