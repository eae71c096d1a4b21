/** Authenticate, an issuer's keys: the JWKS document from its URL, by discovery, from a file or from the configuration. */
import { readFile } from 'node:fs/promises';
import { request } from 'undici';
import type { KeySource } from '../model/issuer.js';

/** Reads the document once; given up when the signal says so. */
export type ReadDocument = (signal: AbortSignal) => Promise<unknown>;

/** What is wrong with a key source, in our own words: they may go into the log. */
export class KeySourceError extends Error {
  override readonly name = 'KeySourceError';
}

const MAX_BYTES = 256 * 1024;

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export function createReadDocument(source: KeySource): ReadDocument {
  switch (source.kind) {
    case 'url':
      return (signal) => fetchJson(source.url, signal);
    case 'discovery':
      return (signal) => discover(source.issuer, signal);
    case 'file':
      return async (signal) => parse(await readFile(source.path, { encoding: 'utf8', signal }));
    case 'own':
      // The gate asks itself, not by this way: see live-key-set.ts.
      return () => Promise.reject(new KeySourceError('are the own ones of this gate'));
    case 'inline':
      return () => Promise.resolve(source.jwks);
  }
}

/** OpenID Connect Discovery 1.0, 4: the document must name the very issuer that it was asked for. */
async function discover(issuer: string, signal: AbortSignal): Promise<unknown> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const metadata = await fetchJson(url, signal);
  if (typeof metadata !== 'object' || metadata === null)
    throw new KeySourceError('is not discovery metadata');
  if (!('issuer' in metadata) || metadata.issuer !== issuer) {
    throw new KeySourceError('is discovery metadata of another issuer');
  }
  if (!('jwks_uri' in metadata) || typeof metadata.jwks_uri !== 'string' || !isSafe(metadata.jwks_uri)) {
    throw new KeySourceError('names no jwks_uri that is https, or http on loopback');
  }
  return fetchJson(metadata.jwks_uri, signal);
}

function isSafe(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK_HOST.test(hostname));
}

/** One GET, on a connection of its own. Nothing but 200 is an answer: undici follows no redirect by itself. */
async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  const { statusCode, body } = await request(url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    reset: true,
    signal,
  });
  // A body that is destroyed emits an error, which would end the process if nobody heard it.
  body.on('error', ignore);
  if (statusCode !== 200) {
    body.destroy();
    throw new KeySourceError(`answered with status ${statusCode}`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the body.
    if (size > MAX_BYTES) throw new KeySourceError('is too large');
    chunks.push(chunk);
  }
  return parse(Buffer.concat(chunks).toString('utf8'));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new KeySourceError('is not JSON');
  }
}

function ignore(): void {
  // Told by the loop over the body as well.
}
