/**
 * Defaults that the environment gives instead of the built-in ones, for keys that the file leaves out: an image sets
 * them, so that a file that says nothing of addresses or folders works in it as it is.
 */
import { resolve } from 'node:path';
import type { Environment } from './environment.js';
import type { Report } from './problem.js';
import { address } from './schema/listen.js';

const ADDRESSES = { listen: 'TOLLGATE_LISTEN', admin: 'TOLLGATE_ADMIN' } as const;
const DATA_FOLDER = 'TOLLGATE_DATA';

/**
 * @param value the configuration as written, its variables filled in; left as it is
 * @param listens whether the gate listens by itself; as a library it does not
 * @returns a copy with the defaults of the environment; what is no object is returned as it is
 */
export function withEnvironmentDefaults(
  value: unknown,
  env: Environment,
  listens: boolean,
  report: Report,
): unknown {
  if (!isRecord(value)) return value;
  const filled: Record<string, unknown> = { ...value };
  if (listens) {
    for (const [key, name] of Object.entries(ADDRESSES)) {
      const given = env[name];
      if (given === undefined || given === '' || Object.hasOwn(value, key)) continue;
      if (address.safeParse(given).success) filled[key] = given;
      else report([], `the environment variable ${name} must be an address such as 127.0.0.1:8080`);
    }
  }
  const folder = env[DATA_FOLDER];
  if (folder === undefined || folder === '') return filled;
  if (!Object.hasOwn(value, 'jwks_cache')) filled['jwks_cache'] = resolve(folder, 'jwks');
  const { tokens } = value;
  if (isRecord(tokens) && !Object.hasOwn(tokens, 'database')) {
    filled['tokens'] = { ...tokens, database: `sqlite:${resolve(folder, 'tollgate.db')}` };
  }
  return filled;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
