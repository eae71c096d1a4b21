/** The administrator's credential: from the environment, else made at the first start and kept in a file of its own. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperatorError } from '../model/operator-error.js';

const FOLDER = 'data';
const FILE = 'admin-token';
const BYTES = 32;

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

/** @throws OperatorError where the environment's credential is too short */
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
  return { token: (await readFile(file, 'utf8')).trim(), file };
}
