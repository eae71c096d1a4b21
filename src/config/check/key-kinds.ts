/** Checks that an issuer has one kind of keys, and only the algorithms of that kind. */
import { isSecretAlgorithm, SECRET_ALGORITHMS } from '../../model/issuer.js';
import { jwksOfPem } from '../../model/public-key.js';
import { USUAL_TOKEN_TYPES } from '../../model/token-type.js';
import type { Files } from '../files.js';
import type { PartialIssuer } from '../partial.js';
import { ParseError, type Path, type Report } from '../problem.js';
import { keyError } from './keys.js';

const KINDS = ['jwks', 'discovery', 'public_key', 'secret'] as const;

/**
 * Reports keys of two kinds, and algorithms that do not fit the kind.
 * @param path of the issuer
 * @returns whether the keys are a JWKS that is left to check
 */
export function checkKeyKinds(
  path: Path,
  issuer: PartialIssuer,
  files: Files,
  isPresent: (path: Path) => boolean,
  report: Report,
): boolean {
  const [kind, ...others] = KINDS.filter((name) => isPresent([...path, name]));
  for (const other of others) {
    report([...path, other], `an issuer has keys of one kind: "${other}" is never beside "${kind}"`, 'key');
  }
  if (others.includes('public_key') || others.includes('secret')) return false;
  const fits = checkAlgorithms(path, issuer, kind, isPresent, report);
  if (kind === 'secret') return false;
  if (kind !== 'public_key') return fits;
  if (fits && issuer.public_key) checkPublicKey([...path, 'public_key'], issuer, files, report);
  return false;
}

function checkAlgorithms(
  path: Path,
  { algorithms = [] }: PartialIssuer,
  kind: (typeof KINDS)[number] | undefined,
  isPresent: (path: Path) => boolean,
  report: Report,
): boolean {
  const hasSecret = kind === 'secret';
  const name = SECRET_ALGORITHMS.join(', ');
  if (hasSecret && !isPresent([...path, 'algorithms'])) {
    report(path, `missing key "algorithms": with "secret" it is a list of ${name}`, 'key');
    return false;
  }
  let fits = true;
  for (const [index, algorithm] of algorithms.entries()) {
    if (isSecretAlgorithm(algorithm) === hasSecret) continue;
    fits = false;
    const text = hasSecret
      ? `"${algorithm}" is never accepted beside "secret"; use ${name}`
      : `"${algorithm}" is never accepted beside a ${kind === 'public_key' ? 'public key' : 'JWKS'}: with it a public key would be used as a secret`;
    report([...path, 'algorithms', index], text);
  }
  return fits;
}

function checkPublicKey(
  path: Path,
  { public_key: key, algorithms = [], token_types: tokenTypes = USUAL_TOKEN_TYPES }: PartialIssuer,
  files: Files,
  report: Report,
): void {
  if (!key) return;
  const text = 'pem' in key ? key.pem : files.text(key.file);
  if (text instanceof ParseError) {
    report(path, text.text);
    return;
  }
  const jwks = jwksOfPem(text);
  if (typeof jwks === 'string') {
    report(path, `the public key ${jwks}`);
    return;
  }
  const error = keyError(jwks.keys[0], { algorithms, tokenTypes });
  if (error !== undefined) report(path, `the public key ${error}: ${algorithms.join(', ')}`);
}
