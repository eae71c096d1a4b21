/** The clocks, randomness and environment of this process. Called by `serve.ts`, `src/index.ts` and `src/cli/`. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Runtime } from './resources.js';
import { createAudit } from '../model/audit.js';
import type { Log } from '../model/log.js';
import { NO_MEASURES } from '../model/measures.js';

/** Returns the runtime of this process, with the pepper of TOLLGATE_PEPPER. */
export function processRuntime(log: Log, env: Readonly<Record<string, string | undefined>>): Runtime {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    newId: randomUUID,
    random: (size) => new Uint8Array(randomBytes(size)),
    // Empty counts as unset: a compose file passes an unset variable on as empty.
    pepper: env['TOLLGATE_PEPPER'] === '' ? undefined : env['TOLLGATE_PEPPER'],
    log,
    measures: NO_MEASURES,
    audit: createAudit(log),
  };
}
