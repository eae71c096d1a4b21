/** Reads the administrator's credential, or creates it at the first start. Called by `serve.ts` and `src/workers/primary.ts`. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperatorError } from '../model/operator-error.js';

const FOLDER = 'data';
const FILE = 'admin-token';
const BYTES = 32;
/** The mode bits for reading and writing by group and others. */
const OPEN_TO_OTHERS = 0o066;

export interface AdminToken {
  readonly token: string;
  /** The file with the credential; undefined where it came from the environment. */
  readonly file: string | undefined;
}

/** Returns the path of the credential's file: in TOLLGATE_DATA, else in `data/` of the current folder. */
export function adminTokenFile(env: Readonly<Record<string, string | undefined>>): string {
  const folder = env['TOLLGATE_DATA'];
  return join(folder === undefined || folder === '' ? FOLDER : folder, FILE);
}

/** 24 characters of base64 hold 144 bits, which cannot be guessed at any request rate. */
const SHORTEST = 24;

/**
 * Reads the credential from TOLLGATE_ADMIN_TOKEN, else from its file, which it creates if there is none.
 *
 * @throws OperatorError where the environment's credential is too short, or others can read or change the file
 */
export async function readAdminToken(env: Readonly<Record<string, string | undefined>>): Promise<AdminToken> {
  const given = givenToken(env);
  if (given !== undefined) return { token: given, file: undefined };
  const file = adminTokenFile(env);
  const created = randomBytes(BYTES).toString('base64url');
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  try {
    // Only the process that creates the file writes it. A later or simultaneous start reads it.
    await writeFile(file, `${created}\n`, { flag: 'wx', mode: 0o600 });
    return { token: created, file };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return { token: await readPrivateFile(file), file };
}

/**
 * Returns the credential from TOLLGATE_ADMIN_TOKEN, else from its file; undefined where there is neither. Creates nothing.
 *
 * @throws OperatorError as `readAdminToken`; also rejects where the file cannot be read
 */
export async function findAdminToken(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const given = givenToken(env);
  if (given !== undefined) return given;
  try {
    return await readPrivateFile(adminTokenFile(env));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function givenToken(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const given = env['TOLLGATE_ADMIN_TOKEN'];
  if (given === undefined || given === '') return undefined;
  if (given.length < SHORTEST)
    throw new OperatorError(
      `TOLLGATE_ADMIN_TOKEN must have at least ${SHORTEST} characters; make one with: openssl rand -base64 32`,
    );
  return given;
}

/** Refuses a file that others can access: who can read or write the credential is an administrator. */
async function readPrivateFile(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { mode } = await file.stat();
    // Node invents these bits on Windows, which has none.
    if ((mode & OPEN_TO_OTHERS) !== 0 && process.platform !== 'win32')
      throw new OperatorError(
        `${path} can be read or changed by others than its owner: chmod 600 ${path}, or delete it to have a new one made`,
      );
    return (await file.readFile('utf8')).trim();
  } finally {
    await file.close();
  }
}
