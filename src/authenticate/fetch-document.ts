/** Authenticate, issuer keys: requests an issuer's documents with its TLS settings and header fields. */
import { Agent } from 'undici';
import type { KeyRequest, KeyRequestTls } from '../model/issuer.js';
import { parseJson } from '../model/json.js';
import { fetchBytes, type FetchOptions } from './fetch-bytes.js';
import { KeySourceError } from './key-source-error.js';

/** Reads a JSON document. Rejects with a KeySourceError. */
export type FetchDocument = (url: string, signal: AbortSignal) => Promise<unknown>;

/** The message of a response that a server gives where a credential is missing. */
const NEEDS_CREDENTIAL = /status 40[13]$/;

/**
 * Creates the function that reads the documents of an issuer.
 *
 * Its header fields may hold a credential, so they are sent to one origin only, that of the file. Metadata can name a JWKS
 * at any other. `serverName` is the name of that one origin too.
 *
 * @param fileUrl the URL of the file; its origin gets the header fields
 */
export function createFetchDocument(fileUrl: string, request: KeyRequest | undefined): FetchDocument {
  if (!request) return (url, signal) => fetchJson(url, signal, {});
  const { tls, headers } = request;
  const { origin } = new URL(fileUrl);
  const atOrigin = { dispatcher: tls && agentFor(tls, tls.serverName), headers: Object.fromEntries(headers) };
  const elsewhere = { dispatcher: tls && agentFor(tls, undefined) };
  return async (url, signal) => {
    if (new URL(url).origin === origin) return fetchJson(url, signal, atOrigin);
    try {
      return await fetchJson(url, signal, elsewhere);
    } catch (error) {
      if (headers.length === 0 || !(error instanceof KeySourceError) || !NEEDS_CREDENTIAL.test(error.message))
        throw error;
      throw new KeySourceError(
        `${error.message}; "headers" are sent to the origin in the file alone`,
        error.details,
      );
    }
  };
}

/** Each request opens its own connection and closes it, so the agent needs no closing. */
function agentFor({ ca, cert, key }: KeyRequestTls, serverName: string | undefined): Agent {
  return new Agent({
    connect: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(serverName !== undefined && { servername: serverName }),
    },
  });
}

async function fetchJson(url: string, signal: AbortSignal, options: FetchOptions): Promise<unknown> {
  try {
    return parseDocument(await fetchBytes(url, signal, options));
  } catch (error) {
    throw KeySourceError.of(error, { url });
  }
}

/** @throws KeySourceError if the bytes are not JSON */
export function parseDocument(bytes: Buffer): unknown {
  try {
    return parseJson(bytes.toString('utf8'));
  } catch {
    throw new KeySourceError('is not JSON');
  }
}
