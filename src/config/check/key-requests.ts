/** Checks how an issuer's keys are requested: by https, with certificates that can be used. */
import type { Files } from '../files.js';
import type { PartialIssuer } from '../partial.js';
import { ParseError, type Path, type Report, type Warn } from '../problem.js';
import { FORGEABLE, isForgeable, parseDocumentUrl } from '../schema/url.js';
import { checkAuthorities, checkOwnPair } from './certificates.js';

/** Keys that have no meaning where the keys are in the file, or in a file of their own. */
const REQUEST_KEYS = ['insecure_http', 'tls', 'headers'] as const;

/** The URL that the file has for an issuer's keys, and the path of the key that has it. */
interface Place {
  readonly path: Path;
  readonly url: string;
  /** Begins the error: the key, or what the issuer's URL is used for. */
  readonly subject: string;
}

/**
 * Reports URLs that are not accepted, keys without a meaning, and faulty certificates; warns of http.
 * @param path of the issuer
 */
export function checkKeyRequests(
  path: Path,
  issuer: PartialIssuer,
  files: Files,
  isPresent: (path: Path) => boolean,
  report: Report,
  warn: Warn,
): void {
  const { jwks, tls, insecure_http: insecureHttp } = issuer;
  if (isLocal(path, issuer, isPresent)) {
    for (const key of REQUEST_KEYS) {
      if (isPresent([...path, key]))
        report([...path, key], `"${key}" is for keys that are read from a URL`, 'key');
    }
    return;
  }
  const place = placeOf(path, issuer, isPresent, report);
  // A faulty insecure_http has its own problem.
  const isAllowed = insecureHttp ?? isPresent([...path, 'insecure_http']);
  if (place && isForgeable(place.url) && !isAllowed)
    report(
      place.path,
      `${place.subject} ${FORGEABLE.text}; in a network that you trust, insecure_http: true accepts it`,
    );
  if (insecureHttp)
    warn([...path, 'insecure_http'], 'keys that are read over http can be forged on the network', true);
  if (!tls) return;
  if (tls.ca !== undefined) checkAuthorities([...path, 'tls', 'ca'], tls.ca, files, report);
  checkOwnPair([...path, 'tls'], tls, files, report);
  if (jwks !== undefined && place?.url.startsWith('http:'))
    report([...path, 'tls'], '"tls" is for https; the keys are read over http', 'key');
}

/** Whether the keys are not requested at all. A faulty `jwks` counts as one that may be. */
function isLocal(path: Path, { jwks }: PartialIssuer, isPresent: (path: Path) => boolean): boolean {
  if (isPresent([...path, 'public_key']) || isPresent([...path, 'secret'])) return true;
  return jwks !== undefined && !('url' in jwks);
}

function placeOf(
  path: Path,
  { issuer, jwks, discovery }: PartialIssuer,
  isPresent: (path: Path) => boolean,
  report: Report,
): Place | undefined {
  if (jwks !== undefined) {
    return 'url' in jwks ? { path: [...path, 'jwks'], url: jwks.url, subject: '"jwks"' } : undefined;
  }
  if (isPresent([...path, 'jwks']) || issuer === undefined) return undefined;
  if (issuer === false) {
    report([...path, 'issuer'], 'an issuer without iss needs "jwks", since its keys cannot be discovered');
    return undefined;
  }
  if (discovery !== undefined) {
    return { path: [...path, 'discovery'], url: discovery, subject: '"discovery"' };
  }
  return isPresent([...path, 'discovery']) ? undefined : issuerPlace([...path, 'issuer'], issuer, report);
}

function issuerPlace(path: Path, issuer: string, report: Report): Place | undefined {
  const subject = 'without "jwks" the keys are discovered at this URL, which';
  const url = parseDocumentUrl(issuer);
  if (typeof url === 'string' && !url.includes('?')) return { path, url, subject };
  const why = url instanceof ParseError ? url.text : 'must be a URL without a query';
  report(path, `${subject} ${why}`);
  return undefined;
}
