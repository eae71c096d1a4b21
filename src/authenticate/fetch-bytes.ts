/** Authenticate, issuer keys: one GET of a document with a size limit. Called by `key-source.ts`. */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { request, type Dispatcher } from 'undici';
import { USER_AGENT } from '../model/version.js';
import { KeySourceError } from './key-source-error.js';

/** The largest document in bytes, before and after decoding. */
export const MAX_BYTES = 1024 * 1024;

/** No server needs more, and each coding could be a decompression bomb. */
const MAX_CODINGS = 2;

const unzip = {
  gzip: promisify(gunzip),
  br: promisify(brotliDecompress),
  zlib: promisify(inflate),
  raw: promisify(inflateRaw),
};

const HEADERS = {
  accept: 'application/jwk-set+json, application/json',
  'accept-encoding': 'gzip, deflate, br',
  'user-agent': USER_AGENT,
};

/** How a document is requested. */
export interface FetchOptions {
  /** Undefined: the process's own one. */
  readonly dispatcher?: Dispatcher | undefined;
  /** Header fields by their name in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Reads a document of at most 1 MiB, on its own connection. Only 200 is success; redirects are not followed. gzip,
 * deflate and br are decoded (RFC 9110 8.4.1), up to the same limit.
 *
 * @throws KeySourceError where the response is not usable; otherwise the error of undici or of the system
 */
export async function fetchBytes(
  url: string,
  signal: AbortSignal,
  { dispatcher, headers: fields }: FetchOptions = {},
): Promise<Buffer> {
  const { statusCode, headers, body } = await request(url, {
    headers: { ...HEADERS, ...fields },
    reset: true,
    signal,
    ...(dispatcher && { dispatcher }),
  });
  // A destroyed body emits an error, which would end the process without a listener.
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
  return decode(Buffer.concat(chunks), [headers['content-encoding'] ?? []].flat().join(','));
}

async function decode(bytes: Buffer, field: string): Promise<Buffer> {
  const codings = field
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > MAX_CODINGS) throw new KeySourceError('has too many content codings');
  let decoded = bytes;
  for (const coding of codings.reverse()) decoded = await decodeOne(decoded, coding);
  return decoded;
}

async function decodeOne(bytes: Buffer, coding: string): Promise<Buffer> {
  const unpack = unpackerOf(bytes, coding);
  if (!unpack) throw new KeySourceError('has an unknown content coding');
  try {
    return await unpack(bytes, { maxOutputLength: MAX_BYTES });
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new KeySourceError(isTooLarge ? 'is too large' : 'is not encoded as it says');
  }
}

function unpackerOf(bytes: Buffer, coding: string) {
  if (coding === 'gzip' || coding === 'x-gzip') return unzip.gzip;
  if (coding === 'br') return unzip.br;
  // "deflate" is the zlib format, but some servers send the raw stream (RFC 9110 8.4.1.2).
  if (coding === 'deflate') return hasZlibHeader(bytes) ? unzip.zlib : unzip.raw;
  return undefined;
}

/** RFC 1950 2.2: the compression method is 8, and the first two bytes are a multiple of 31. */
function hasZlibHeader(bytes: Buffer): boolean {
  return bytes.length >= 2 && (bytes[0]! & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0;
}

function ignore(): void {
  // The loop over the body rejects with the same error.
}
