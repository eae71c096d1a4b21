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
import { replaceFile } from '../replace-file.js';

export interface KeyCacheOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: Log;
  /** How old keys may be and still serve. */
  readonly maxStaleMs: number;
}

export interface KeptKeys {
  /** When they were read from their source, epoch milliseconds; never in the future. */
  readonly readAtMs: number;
  readonly jwks: { readonly keys: readonly unknown[] };
}

/** One issuer's place in the folder. Nothing here rejects. */
export interface KeyShelf {
  /** Undefined where nothing is kept, or nothing that can be believed. */
  read(): Promise<KeptKeys | undefined>;
  /** Keeps keys that were just read, where they are others or those on disk have aged. */
  keep(keys: readonly JsonWebKey[], readAtMs: number): Promise<void>;
}

export type KeyCache = (issuer: Issuer) => KeyShelf;

/** Another form of the file has another number. */
const VERSION = 1;
/** Far more than the largest set that is read from an issuer. */
const MAX_BYTES = 4 * 1024 * 1024;
/**
 * The part of `maxStaleMs` by which the time on disk may lag behind. It only errs to the safe side: after a restart
 * keys serve for so much less long, never for longer.
 */
const LAG = 0.1;

export function createKeyCache(folder: string, { now, newId, log, maxStaleMs }: KeyCacheOptions): KeyCache {
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

    async function read(): Promise<KeptKeys | undefined> {
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
      read: () => inTurn(read),
      keep: (keys, readAtMs) => inTurn(() => keep(keys, readAtMs)),
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
class Disbelief extends Error {
  override readonly name = 'Disbelief';
}

async function readBounded(path: string): Promise<string> {
  const found = await stat(path);
  if (!found.isFile()) throw new Disbelief('is no file');
  if (found.size > MAX_BYTES) throw new Disbelief('is too large');
  return readFile(path, 'utf8');
}

function parse(text: string, source: string, nowMs: number): KeptKeys {
  const content = parseJson(text);
  if (typeof content !== 'object' || content === null) throw new Disbelief('is no set of keys');
  const { version, source: of, fetchedAt, keys } = content as Readonly<Record<string, unknown>>;
  if (version !== VERSION) throw new Disbelief('is of another version');
  if (of !== source) throw new Disbelief('is of another source');
  if (typeof fetchedAt !== 'number' || !Array.isArray(keys)) throw new Disbelief('is no set of keys');
  if (fetchedAt > nowMs) throw new Disbelief('is dated in the future');
  return { readAtMs: fetchedAt, jwks: { keys } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Disbelief('is not JSON');
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Disbelief) return error.message;
  return (error as NodeJS.ErrnoException).code ?? 'unreadable';
}
