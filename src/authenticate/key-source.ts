/** Authenticate, an issuer's keys: the JWKS document from its URL, by discovery, from a file or from the configuration. */
import { readFile } from 'node:fs/promises';
import type { KeySource } from '../model/issuer.js';
import { parseJson } from '../model/json.js';
import { isLoopback } from '../model/loopback.js';
import { fetchBytes, MAX_BYTES } from './fetch-bytes.js';
import { KeySourceError } from './key-source-error.js';

/** Reads the document once; given up when the signal says so. Rejects with a KeySourceError, or the system's own error. */
export type ReadDocument = (signal: AbortSignal) => Promise<unknown>;

/** A remote text longer than this is not repeated in the log. */
const LONGEST_FOUND = 256;

/** How a document of an issuer's keys is read, wherever it lies. */
export function createReadDocument(source: KeySource): ReadDocument {
  switch (source.kind) {
    case 'url':
      return (signal) => fetchJson(source.url, signal);
    case 'discovery':
      return (signal) => discover(source.issuer, signal);
    case 'file':
      return (signal) => readJsonFile(source.path, signal);
    case 'own':
      // The gate asks itself, not by this way: see local-jwks.ts.
      return () => Promise.reject(new KeySourceError('are the own ones of this gate'));
    case 'inline':
      return () => Promise.resolve(source.jwks);
  }
}

/** OpenID Connect Discovery 1.0, 4: the document must name the very issuer that it was asked for. */
async function discover(issuer: string, signal: AbortSignal): Promise<unknown> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const uri = jwksUriOf(await fetchJson(url, signal), issuer, url);
  return fetchJson(uri, signal);
}

/**
 * The address of an issuer's keys in its discovery metadata.
 *
 * An issuer elsewhere may not point at this machine: it would have the gate ask services that only the machine itself
 * can reach, and believe the keys that they answer with.
 *
 * @param issuer the issuer that the configuration names
 * @param url where the metadata was read, for the error
 * @throws KeySourceError where the metadata is another issuer's, or names no address that keys may be read from
 */
export function jwksUriOf(metadata: unknown, issuer: string, url: string): string {
  if (typeof metadata !== 'object' || metadata === null)
    throw new KeySourceError('is not discovery metadata', { url });
  const found: unknown = 'issuer' in metadata ? metadata.issuer : undefined;
  if (found !== issuer) throw otherIssuer(found, issuer, url);
  const uri: unknown = 'jwks_uri' in metadata ? metadata.jwks_uri : undefined;
  if (typeof uri !== 'string' || !URL.canParse(uri))
    throw new KeySourceError('names no jwks_uri that is a URL', { url });
  const { protocol, hostname } = new URL(uri);
  const isLocal = isLoopback(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && isLocal)) {
    throw new KeySourceError('names no jwks_uri that is https, or http on loopback', { url });
  }
  if (isLocal && !isLoopback(new URL(issuer).hostname)) {
    throw new KeySourceError('names a jwks_uri on loopback, though the issuer itself is not there', { url });
  }
  return uri;
}

function otherIssuer(found: unknown, expected: string, url: string): KeySourceError {
  const base = 'is discovery metadata of another issuer';
  if (typeof found !== 'string') return new KeySourceError(`${base}: it names none`, { url, expected });
  const short = found.length > LONGEST_FOUND ? `${found.slice(0, LONGEST_FOUND)}…` : found;
  let hint = '';
  if (found === `${expected}/`) hint = ': the "issuer" of the file lacks the slash at its end';
  else if (`${found}/` === expected) hint = ': the "issuer" of the file has a slash too many at its end';
  return new KeySourceError(`${base}${hint}`, { url, found: short, expected });
}

async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  try {
    return parse(await fetchBytes(url, signal));
  } catch (error) {
    throw KeySourceError.of(error, { url });
  }
}

async function readJsonFile(path: string, signal: AbortSignal): Promise<unknown> {
  try {
    const bytes = await readFile(path, { signal });
    if (bytes.length > MAX_BYTES) throw new KeySourceError('is too large');
    return parse(bytes);
  } catch (error) {
    throw KeySourceError.of(error, { file: path });
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return parseJson(bytes.toString('utf8'));
  } catch {
    throw new KeySourceError('is not JSON');
  }
}
