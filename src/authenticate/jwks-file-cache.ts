/**
 * Authenticate, issuer keys: caches the last good ones on disk, for a start while the issuer is unavailable. Called by
 * `key-set.ts`.
 *
 * Each issuer has one small file, which several processes may share. The file is replaced atomically, so a reader
 * always finds a complete set. Its name and content include a digest of the key source, so that keys of another source are not
 * used; a digest, since a URL may hold a secret. A problem with the folder is only logged: the gateway then starts
 * without cached keys.
 */
import { createHash, type JsonWebKey } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Issuer } from '../model/issuer.js';
import type { Log } from '../model/log.js';
import { replaceFile } from '../shared/replace-file.js';

export interface JwksFileCacheOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: Log;
  /** The age up to which cached keys are used. */
  readonly maxStaleMs: number;
}

export interface CachedKeys {
  /** When the keys were read from their source: epoch milliseconds, never in the future. */
  readonly readAtMs: number;
  readonly jwks: { readonly keys: readonly unknown[] };
}

/** The file of one issuer. No method rejects. */
export interface JwksFileCache {
  /** Undefined where there is no valid file. */
  load(): Promise<CachedKeys | undefined>;
  /** Writes keys that were just read, if they differ from the file or the time in the file is too old. */
  save(keys: readonly JsonWebKey[], readAtMs: number): Promise<void>;
}

export type OpenJwksFileCache = (issuer: Issuer) => JwksFileCache;

/** Changes with the format of the file. */
const VERSION = 1;
/** Far more than the largest set that is read from an issuer, in bytes. */
const MAX_BYTES = 4 * 1024 * 1024;
/**
 * The fraction of `maxStaleMs` by which the time in the file may be behind. The error is on the safe side: after a
 * restart keys are used for a shorter time, never for longer.
 */
const LAG = 0.1;

/**
 * Creates a function that opens the cache file of an issuer. Read and write failures are logged; nothing rejects.
 * @param folder where the files are
 */
export function createJwksFileCaches(
  folder: string,
  { now, newId, log, maxStaleMs }: JwksFileCacheOptions,
): OpenJwksFileCache {
  let isFailing = false;

  async function replace(path: string, text: string): Promise<boolean> {
    try {
      await replaceFile(path, text, newId());
      isFailing = false;
      return true;
    } catch (error) {
      if (!isFailing) log.warn({ folder, reason: reasonOf(error) }, 'issuer keys cannot be cached on disk');
      isFailing = true;
      return false;
    }
  }

  return function openCache(issuer) {
    const source = digestOf(issuer);
    const path = join(folder, `${source}.json`);
    /** The content of the file, as last read or written by this process. */
    let stored: { readonly keys: string; readonly readAtMs: number } | undefined;
    /** Reads and writes run one after the other, so that the last set remains in the file. */
    let lastTask: Promise<unknown> = Promise.resolve();

    function inSequence<T>(act: () => Promise<T>): Promise<T> {
      const task = lastTask.then(act);
      lastTask = task;
      return task;
    }

    async function read(): Promise<CachedKeys | undefined> {
      try {
        const found = parse(await readBounded(path), source, now());
        stored = { keys: JSON.stringify(found.jwks.keys), readAtMs: found.readAtMs };
        return found;
      } catch (error) {
        const reason = reasonOf(error);
        if (reason === 'ENOENT') return undefined;
        const fields = { issuer: issuer.name, file: path, reason };
        log.warn(fields, 'cached issuer keys are rejected');
        return undefined;
      }
    }

    async function write(keys: readonly JsonWebKey[], readAtMs: number): Promise<void> {
      const text = JSON.stringify(keys);
      if (stored?.keys === text && readAtMs - stored.readAtMs < maxStaleMs * LAG) return;
      const content = { version: VERSION, issuer: issuer.name, source, fetchedAt: readAtMs, keys };
      if (await replace(path, `${JSON.stringify(content, null, 2)}\n`)) stored = { keys: text, readAtMs };
    }

    return {
      load: () => inSequence(read),
      save: (keys, readAtMs) => inSequence(() => write(keys, readAtMs)),
    };
  };
}

/**
 * A digest of the issuer's name and key source: another of either is another file. Header fields are left out, since a
 * credential may change often. Keys that were read over http are not used once that is no longer accepted.
 */
function digestOf({ name, keys }: Issuer): string {
  const { request, ...source } = 'request' in keys ? keys : { ...keys, request: undefined };
  const parts = request?.insecureHttp ? [name, source, 'http'] : [name, source];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Why a file is rejected; the message is safe to log. */
class InvalidCacheError extends Error {
  override readonly name = 'InvalidCacheError';
}

async function readBounded(path: string): Promise<string> {
  const found = await stat(path);
  if (!found.isFile()) throw new InvalidCacheError('is no file');
  if (found.size > MAX_BYTES) throw new InvalidCacheError('is too large');
  return readFile(path, 'utf8');
}

function parse(text: string, source: string, nowMs: number): CachedKeys {
  const content = parseJson(text);
  if (typeof content !== 'object' || content === null) throw new InvalidCacheError('is no set of keys');
  const { version, source: of, fetchedAt, keys } = content as Readonly<Record<string, unknown>>;
  if (version !== VERSION) throw new InvalidCacheError('is of another version');
  if (of !== source) throw new InvalidCacheError('is of another source');
  if (typeof fetchedAt !== 'number' || !Array.isArray(keys)) throw new InvalidCacheError('is no set of keys');
  if (fetchedAt > nowMs) throw new InvalidCacheError('is dated in the future');
  return { readAtMs: fetchedAt, jwks: { keys } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidCacheError('is not JSON');
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof InvalidCacheError) return error.message;
  return (error as NodeJS.ErrnoException).code ?? 'unreadable';
}
