/** The file of the last known set, read back: a head, the set, and the changes behind it. */
import { createReadStream } from 'node:fs';
import type { KnownSet } from './keeper.js';
import { RevokedSet } from './revoked-set.js';
import { readChange } from './row-text.js';

/** Another form of the file has another number. */
const VERSION = 1;
/** A longer line was not written here. */
const LONGEST_LINE = 16 * 1024;
/** How much is read without a pause: a thousand lines or so. */
const CHUNK_BYTES = 64 * 1024;

/** Why a file is not believed; the words are ours. */
export class Disbelief extends Error {
  override readonly name = 'Disbelief';
}

export function writeHead(source: string, epoch: string): string {
  return `${JSON.stringify({ version: VERSION, source, epoch })}\n`;
}

/**
 * Reads the file line by line; the event loop goes on in between. A last line without its end was being written when
 * its process died, and is passed over.
 *
 * @param source the digest that it must be of
 * @throws Disbelief, or the system's error
 */
export async function readKnownFile(path: string, source: string): Promise<KnownSet> {
  const revoked = new RevokedSet();
  let epoch: string | undefined;
  let rest = '';
  const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: CHUNK_BYTES });
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) throw new Disbelief('is no set of revocations');
    for (const line of lines) {
      if (epoch === undefined) {
        epoch = readHead(line, source);
        continue;
      }
      const change = readChange(line);
      if (!change) throw new Disbelief('is damaged');
      revoked.apply([change]);
    }
  }
  if (epoch === undefined) throw new Disbelief('is no set of revocations');
  return { revoked, epoch };
}

/** @returns the epoch */
function readHead(line: string, source: string): string {
  let head: unknown;
  try {
    head = JSON.parse(line);
  } catch {
    throw new Disbelief('is no set of revocations');
  }
  if (typeof head !== 'object' || head === null) throw new Disbelief('is no set of revocations');
  const { version, source: of, epoch } = head as Readonly<Record<string, unknown>>;
  if (version !== VERSION) throw new Disbelief('is of another version');
  if (of !== source) throw new Disbelief('is of another source');
  if (typeof epoch !== 'string') throw new Disbelief('is no set of revocations');
  return epoch;
}
