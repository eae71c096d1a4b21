/**
 * Defaults from environment variables, for keys that the file leaves out. A container image sets them, so that a file
 * without addresses or folders works in it unchanged. `validate.ts` calls this.
 */
import { resolve } from 'node:path';
import type { Environment } from './environment.js';
import type { Report } from './problem.js';
import { address } from './schema/listen.js';

const ADDRESSES = { listen: 'TOLLGATE_LISTEN', admin: 'TOLLGATE_ADMIN' } as const;
const DATA_FOLDER = 'TOLLGATE_DATA';

/**
 * Adds the defaults that the environment gives to a configuration.
 * @param value the configuration, its variables expanded; it is not modified
 * @param listens whether the gateway opens its own listeners; as a library it does not
 * @param report gets a variable that is not an address
 * @returns a copy with the defaults; a value that is not an object is returned unchanged
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
      const fromEnv = env[name];
      if (fromEnv === undefined || fromEnv === '' || Object.hasOwn(value, key)) continue;
      if (address.safeParse(fromEnv).success) filled[key] = fromEnv;
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
