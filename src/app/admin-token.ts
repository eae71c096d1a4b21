/** The administrator's credential: from the environment, else made at the first start and kept in a file of its own. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperatorError } from '../model/operator-error.js';

const FOLDER = 'data';
const FILE = 'admin-token';
const BYTES = 32;
/** Read or write, for group or others. */
const OPEN_TO_OTHERS = 0o066;

export interface AdminToken {
  readonly token: string;
  /** Where it is kept; undefined where it came from the environment. */
  readonly file: string | undefined;
}

/** Where the credential is kept when the environment does not bring it: in TOLLGATE_DATA, else `data/` of the current folder. */
export function adminTokenFile(env: Readonly<Record<string, string | undefined>>): string {
  const folder = env['TOLLGATE_DATA'];
  return join(folder === undefined || folder === '' ? FOLDER : folder, FILE);
}

/** 24 characters of base64 hold 144 bits; nobody guesses them, however often the port is asked. */
const SHORTEST = 24;

/** @throws OperatorError where the environment's credential is too short, or others may read or change the file */
export async function readAdminToken(env: Readonly<Record<string, string | undefined>>): Promise<AdminToken> {
  const given = env['TOLLGATE_ADMIN_TOKEN'];
  if (given !== undefined && given !== '') {
    if (given.length < SHORTEST)
      throw new OperatorError(
        `TOLLGATE_ADMIN_TOKEN must have at least ${SHORTEST} characters; make one with: openssl rand -base64 32`,
      );
    return { token: given, file: undefined };
  }
  const file = adminTokenFile(env);
  const made = randomBytes(BYTES).toString('base64url');
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  try {
    // Only the one who creates it writes it: a second start, at the same time too, reads it.
    await writeFile(file, `${made}\n`, { flag: 'wx', mode: 0o600 });
    return { token: made, file };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return { token: await readOwn(file), file };
}

/** Whoever can read the credential is an administrator, and so is whoever can write one. */
async function readOwn(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { mode } = await file.stat();
    // Windows has no such bits, and makes them up.
    if ((mode & OPEN_TO_OTHERS) !== 0 && process.platform !== 'win32')
      throw new OperatorError(
        `${path} can be read or changed by others than its owner: chmod 600 ${path}, or delete it to have a new one made`,
      );
    return (await file.readFile('utf8')).trim();
  } finally {
    await file.close();
  }
}
