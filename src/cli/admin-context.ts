/** What the commands for apps, users and revocations work with: the file's registry and Redis, without a gateway. */
import type { Log } from '../model/log.js';
import type { Settings } from '../model/settings.js';
import { openRevocations, type RevocationHandle } from '../app/revocations.js';
import { openTokenService, tokenServiceConfig } from '../app/token-service.js';
import { connectRedis } from '../redis/connection.js';
import type { Revocations } from '../revocation/revocation.js';
import { processRuntime } from '../app/runtime.js';
import type { Administration } from '../tokens/administration.js';
import { commandEntry, createCommandAudit, type AuditChange } from './audit.js';
import type { Terminal } from './command.js';
import { CommandFailed } from '../model/exit.js';
import { withProgress } from './progress.js';

export interface AdminContext {
  /** Undefined where the file has no token service. */
  readonly administration: Administration | undefined;
  readonly revocations: Revocations;
  /** Writes an audit line for a change that was made. */
  readonly audit: (change: AuditChange) => void;
  readonly listRevocations: RevocationHandle['list'];
}

/**
 * Opens the registry and Redis, runs the work, and closes them. Reports warnings and errors on standard error.
 * @throws CommandFailed if the file has no place for revocations; rejects with whatever opening or the work rejects
 */
export async function withAdminContext<T>(
  settings: Settings,
  terminal: Terminal,
  work: (context: AdminContext) => Promise<T>,
): Promise<T> {
  const warnings = warningsOn(terminal);
  const runtime = processRuntime(warnings.log, terminal.env);
  const opening = settings.tokens && openTokenService(tokenServiceConfig(settings.tokens), runtime);
  const tokens =
    opening && (await withProgress(terminal, () => "opening the token service's database", opening));
  const redis = settings.redis && connectRedis(settings.redis, { log: runtime.log, now: runtime.monotonic });
  if (redis) await withProgress(terminal, () => 'connecting to Redis', redis.attempted);
  // The cache on disk belongs to the gateway.
  const opened = openRevocations(
    { ...settings, revocationCache: undefined },
    redis,
    tokens?.registry,
    runtime,
  );
  try {
    if (!opened)
      throw new CommandFailed('this needs a store for revocations: `tokens.database` or `redis` in the file');
    const { revocations } = opened;
    await revocations.attempted;
    const administration = tokens?.administer(() => revocations.publishRevision());
    const logAudit = createCommandAudit(settings.log, terminal);
    const audit = (change: AuditChange): void => {
      logAudit(change);
      tokens?.auditTrail.record(commandEntry(change));
    };
    return await work({ administration, revocations, audit, listRevocations: () => opened.list() });
  } finally {
    warnings.mute();
    await opened?.close();
    redis?.close();
    await tokens?.close();
  }
}

/** Muted before closing: it may interrupt a read that a change has started, which is no failure of the work. */
function warningsOn(terminal: Terminal): { readonly log: Log; mute(): void } {
  let isMuted = false;
  const report = (_fields: object, message: string): void => {
    if (!isMuted) terminal.err(`tollgate: ${message}`);
  };
  const ignore = (): void => undefined;
  return {
    log: { debug: ignore, info: ignore, warn: report, error: report },
    mute() {
      isMuted = true;
    },
  };
}
