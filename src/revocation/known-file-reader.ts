/** Reads the file of the last known set: a head, the set, then the changes. Called by `known-file.ts`. */
import { createReadStream } from 'node:fs';
import type { KnownSet } from './revocation-cache.js';
import { RevokedSet } from './revoked-set.js';
import { readChange } from './row-text.js';

/** Changes with the format of the file. */
const VERSION = 1;
/** The gateway writes no longer line, in characters. */
const MAX_LINE_LENGTH = 16 * 1024;
/** How much is parsed without a pause: about a thousand lines. */
const CHUNK_BYTES = 64 * 1024;

/** Why a file is rejected; the message is safe to log. */
export class InvalidFileError extends Error {
  override readonly name = 'InvalidFileError';
}

/** Returns the first line of the file. */
export function writeHead(source: string, epoch: string): string {
  return `${JSON.stringify({ version: VERSION, source, epoch })}\n`;
}

/**
 * Reads the file in chunks without blocking the event loop. A last line without a line end is ignored: its process died
 * while writing it.
 *
 * @param source the digest that the file must have
 * @throws InvalidFileError where the file is not valid; otherwise an error of the system
 */
export async function readKnownFile(path: string, source: string): Promise<KnownSet> {
  const revoked = new RevokedSet();
  let epoch: string | undefined;
  let rest = '';
  const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: CHUNK_BYTES });
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_LENGTH) throw new InvalidFileError('is not a set of revocations');
    for (const line of lines) {
      if (epoch === undefined) {
        epoch = readHead(line, source);
        continue;
      }
      const change = readChange(line);
      if (!change) throw new InvalidFileError('is damaged');
      revoked.apply([change]);
    }
  }
  if (epoch === undefined) throw new InvalidFileError('is not a set of revocations');
  return { revoked, epoch };
}

/** @returns the epoch */
function readHead(line: string, source: string): string {
  let head: unknown;
  try {
    head = JSON.parse(line);
  } catch {
    throw new InvalidFileError('is not a set of revocations');
  }
  if (typeof head !== 'object' || head === null) throw new InvalidFileError('is not a set of revocations');
  const { version, source: of, epoch } = head as Readonly<Record<string, unknown>>;
  if (version !== VERSION) throw new InvalidFileError('is of another version');
  if (of !== source) throw new InvalidFileError('is of another source');
  if (typeof epoch !== 'string') throw new InvalidFileError('is not a set of revocations');
  return epoch;
}
