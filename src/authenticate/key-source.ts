/** Authenticate, issuer keys: reads the JWKS from a URL, by discovery, from a file or from the configuration. */
import { readFile } from 'node:fs/promises';
import type { KeySource } from '../model/issuer.js';
import { isLoopback } from '../model/loopback.js';
import { jwksOfPem } from '../model/public-key.js';
import { MAX_BYTES } from './fetch-bytes.js';
import { createFetchDocument, parseDocument } from './fetch-document.js';
import { KeySourceError } from './key-source-error.js';

/** Reads the document once, until the signal aborts. Rejects with a KeySourceError or an error of the system. */
export type ReadDocument = (signal: AbortSignal) => Promise<unknown>;

/** Remote text is cut to this length in the log. */
const MAX_FOUND_LENGTH = 256;

/** Creates the function that reads the JWKS document of a key source. */
export function createReadDocument(source: KeySource): ReadDocument {
  switch (source.kind) {
    case 'url': {
      const fetchDocument = createFetchDocument(source.url, source.request);
      return (signal) => fetchDocument(source.url, signal);
    }
    case 'discovery':
      return createDiscovery(source);
    case 'file':
      return (signal) => readKeyFile(source.path, parseDocument, signal);
    case 'public_key_file':
      return (signal) => readKeyFile(source.path, parsePem, signal);
    case 'public_key':
      return () => Promise.resolve(jwksOfPem(source.pem));
    case 'own':
      // The gateway's own keys are read in this process: see local-jwks.ts.
      return () => Promise.reject(new KeySourceError('are those of this gateway'));
    case 'secret':
      // See secret-key-set.ts.
      return () => Promise.reject(new KeySourceError('are a secret'));
    case 'inline':
      return () => Promise.resolve(source.jwks);
  }
}

/** OpenID Connect Discovery 1.0, 4: the metadata must name exactly the configured issuer. */
function createDiscovery(source: KeySource & { readonly kind: 'discovery' }): ReadDocument {
  const { issuer, request } = source;
  const url = source.url ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const fetchDocument = createFetchDocument(url, request);
  return async (signal) => {
    const metadata = await fetchDocument(url, signal);
    return fetchDocument(jwksUriOf(metadata, issuer, url, request?.insecureHttp), signal);
  };
}

/**
 * Returns the address of an issuer's keys from its discovery metadata.
 *
 * Metadata of another host may not name a loopback address. Otherwise the gateway would request services that only this
 * machine can reach, and trust the keys in their responses.
 *
 * @param issuer the configured issuer
 * @param url where the metadata was read
 * @param insecureHttp whether http is accepted from hosts that are not loopback
 * @throws KeySourceError where the metadata is of another issuer, or has no `jwks_uri` that is allowed
 */
export function jwksUriOf(metadata: unknown, issuer: string, url: string, insecureHttp = false): string {
  if (typeof metadata !== 'object' || metadata === null)
    throw new KeySourceError('is not discovery metadata', { url });
  const found: unknown = 'issuer' in metadata ? metadata.issuer : undefined;
  if (found !== issuer) throw otherIssuer(found, issuer, url);
  const uri: unknown = 'jwks_uri' in metadata ? metadata.jwks_uri : undefined;
  if (typeof uri !== 'string' || !URL.canParse(uri))
    throw new KeySourceError('names no jwks_uri that is a URL', { url });
  const { protocol, hostname } = new URL(uri);
  const isLocal = isLoopback(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && (isLocal || insecureHttp))) {
    throw new KeySourceError('names no jwks_uri that is https, or http on loopback', { url });
  }
  if (isLocal && !isLoopback(new URL(url).hostname)) {
    throw new KeySourceError('names a jwks_uri on loopback, though the metadata is not there', { url });
  }
  return uri;
}

function otherIssuer(found: unknown, expected: string, url: string): KeySourceError {
  const base = 'is discovery metadata of another issuer';
  if (typeof found !== 'string') return new KeySourceError(`${base}: it names none`, { url, expected });
  const short = found.length > MAX_FOUND_LENGTH ? `${found.slice(0, MAX_FOUND_LENGTH)}…` : found;
  let hint = '';
  if (found === `${expected}/`) hint = ': the "issuer" of the file lacks the slash at its end';
  else if (`${found}/` === expected) hint = ': the "issuer" of the file has a slash too many at its end';
  return new KeySourceError(`${base}${hint}`, { url, found: short, expected });
}

async function readKeyFile(
  path: string,
  parseBytes: (bytes: Buffer) => unknown,
  signal: AbortSignal,
): Promise<unknown> {
  try {
    const bytes = await readFile(path, { signal });
    if (bytes.length > MAX_BYTES) throw new KeySourceError('is too large');
    return parseBytes(bytes);
  } catch (error) {
    throw KeySourceError.of(error, { file: path });
  }
}

function parsePem(bytes: Buffer): unknown {
  const jwks = jwksOfPem(bytes.toString('utf8'));
  if (typeof jwks === 'string') throw new KeySourceError(jwks);
  return jwks;
}
