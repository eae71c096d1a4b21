/** What the commands for apps, users and the kill switch stand on: the registry and Redis of the file, but no gate. */
import type { Log } from '../model/log.js';
import type { Settings } from '../model/settings.js';
import { openRevocations, type RevocationHandle } from '../app/revocations.js';
import { openTokenService, tokenServiceConfig } from '../app/token-service.js';
import { connectRedis } from '../redis/connection.js';
import type { Revocations } from '../revocation/revocation.js';
import { processRuntime } from '../app/runtime.js';
import type { Administration } from '../tokens/administration.js';
import { createCommandAudit, type AuditChange } from './audit.js';
import type { Terminal } from './command.js';
import { CommandFailed } from '../model/exit.js';

export interface AdminContext {
  /** Undefined where the file has no token service. */
  readonly administration: Administration | undefined;
  readonly revocations: Revocations;
  /** Writes an audit line of a change that was made. */
  readonly audit: (change: AuditChange) => void;
  readonly listRevocations: RevocationHandle['list'];
}

/** Opens, works, and closes whatever happens. Trouble is told on standard error. */
export async function withAdminContext<T>(
  settings: Settings,
  terminal: Terminal,
  work: (side: AdminContext) => Promise<T>,
): Promise<T> {
  const trouble = troubleOn(terminal);
  const surroundings = processRuntime(trouble.log, terminal.env);
  const tokens =
    settings.tokens && (await openTokenService(tokenServiceConfig(settings.tokens), surroundings));
  const redis =
    settings.redis && connectRedis(settings.redis, { log: surroundings.log, now: surroundings.monotonic });
  await redis?.attempted;
  // What is on disk is the gate's.
  const opened = openRevocations(
    { ...settings, revocationCache: undefined },
    redis,
    tokens?.registry,
    surroundings,
  );
  try {
    if (!opened)
      throw new CommandFailed(
        'this needs a place to keep revocations in: `tokens.database` or `redis` in the file',
      );
    const { revocations } = opened;
    await revocations.attempted;
    const administration = tokens?.administer(() => revocations.publishRevision());
    const audit = createCommandAudit(settings.log, terminal);
    return await work({ administration, revocations, audit, listRevocations: () => opened.list() });
  } finally {
    trouble.ignore();
    await opened?.revocations.close();
    redis?.close();
    await tokens?.close();
  }
}

/** What closing interrupts, a reading that a change has begun, is no trouble: the work is done. */
function troubleOn(terminal: Terminal): { readonly log: Log; ignore(): void } {
  let isOver = false;
  const tell = (_fields: object, message: string): void => {
    if (!isOver) terminal.err(`tollgate: ${message}`);
  };
  const ignore = (): void => undefined;
  return {
    log: { debug: ignore, info: ignore, warn: tell, error: tell },
    ignore() {
      isOver = true;
    },
  };
}
