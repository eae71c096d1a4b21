/** The world around a gate as this process has it: its clocks, its chance, its environment. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Runtime } from './resources.js';
import type { Log } from '../model/log.js';

export function processRuntime(log: Log, env: Readonly<Record<string, string | undefined>>): Runtime {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    newId: randomUUID,
    random: (size) => new Uint8Array(randomBytes(size)),
    // Empty is unset, as in a compose file that passes on what is not there.
    pepper: env['TOLLGATE_PEPPER'] === '' ? undefined : env['TOLLGATE_PEPPER'],
    log,
  };
}
