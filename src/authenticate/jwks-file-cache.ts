/**
 * Authenticate, an issuer's keys on disk: the last good ones, for a start while the issuer is away.
 *
 * One small file an issuer, which several processes may share: it is replaced whole, so that whoever reads it finds
 * one good set or another. Its name and its content tell the key source, so that keys of another source are never
 * taken for this one's; as a digest, since a URL may hold a secret. What is wrong with the folder costs a line in the
 * log and no more: the gate then starts as if nothing had been kept.
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
  /** How old keys may be and still serve. */
  readonly maxStaleMs: number;
}

export interface CachedKeys {
  /** When they were read from their source, epoch milliseconds; never in the future. */
  readonly readAtMs: number;
  readonly jwks: { readonly keys: readonly unknown[] };
}

/** One issuer's place in the folder. Nothing here rejects. */
export interface JwksFileCache {
  /** Undefined where nothing is kept, or nothing that can be believed. */
  load(): Promise<CachedKeys | undefined>;
  /** Keeps keys that were just read, where they are others or those on disk have aged. */
  save(keys: readonly JsonWebKey[], readAtMs: number): Promise<void>;
}

export type OpenJwksFileCache = (issuer: Issuer) => JwksFileCache;

/** Another form of the file has another number. */
const VERSION = 1;
/** Far more than the largest set that is read from an issuer. */
const MAX_BYTES = 4 * 1024 * 1024;
/**
 * The part of `maxStaleMs` by which the time on disk may lag behind. It only errs to the safe side: after a restart
 * keys serve for so much less long, never for longer.
 */
const LAG = 0.1;

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
      if (!isFailing)
        log.warn({ folder, reason: reasonOf(error) }, 'the keys of issuers cannot be kept on disk');
      isFailing = true;
      return false;
    }
  }

  return function shelfOf(issuer) {
    const source = digestOf(issuer);
    const path = join(folder, `${source}.json`);
    /** What is on disk, as far as is known here. */
    let kept: { readonly keys: string; readonly readAtMs: number } | undefined;
    /** One after the other, so that the last set is the one that stays. */
    let turn: Promise<unknown> = Promise.resolve();

    function inTurn<T>(act: () => Promise<T>): Promise<T> {
      const mine = turn.then(act);
      turn = mine;
      return mine;
    }

    async function read(): Promise<CachedKeys | undefined> {
      try {
        const found = parse(await readBounded(path), source, now());
        kept = { keys: JSON.stringify(found.jwks.keys), readAtMs: found.readAtMs };
        return found;
      } catch (error) {
        const reason = reasonOf(error);
        if (reason === 'ENOENT') return undefined;
        const fields = { issuer: issuer.name, file: path, reason };
        log.warn(fields, 'the keys of an issuer that are kept on disk are not believed');
        return undefined;
      }
    }

    async function keep(keys: readonly JsonWebKey[], readAtMs: number): Promise<void> {
      const text = JSON.stringify(keys);
      if (kept?.keys === text && readAtMs - kept.readAtMs < maxStaleMs * LAG) return;
      const content = { version: VERSION, issuer: issuer.name, source, fetchedAt: readAtMs, keys };
      if (await replace(path, `${JSON.stringify(content, null, 2)}\n`)) kept = { keys: text, readAtMs };
    }

    return {
      load: () => inTurn(read),
      save: (keys, readAtMs) => inTurn(() => keep(keys, readAtMs)),
    };
  };
}

/** Whose keys, and where from: another of either is another file. */
function digestOf({ name, keys }: Issuer): string {
  return createHash('sha256')
    .update(JSON.stringify([name, keys]))
    .digest('hex');
}

/** Why a file is not believed; the words are ours. */
class InvalidCacheError extends Error {
  override readonly name = 'Disbelief';
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
