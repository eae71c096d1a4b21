/** The audit lines of a command: in the gateway's log file if it has one, else on standard error. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { dirname } from 'node:path';
import type { AuditEntry } from '../model/audit.js';
import type { LogSettings } from '../model/settings.js';
import { createPrettyFormat } from '../telemetry/pretty.js';
import type { Terminal } from './command.js';

/** What a command reports about a change; the actor and the host are added. */
export type AuditChange = Omit<AuditEntry, 'by' | 'actor' | 'host'>;

/**
 * Creates a function that writes audit lines, without colours. They have the format of the gateway's log, and are written if its level
 * includes info. If the file cannot be written, the line and the reason go to standard error.
 */
export function createCommandAudit(
  { level, file, pretty }: LogSettings,
  terminal: Pick<Terminal, 'err'>,
): (change: AuditChange) => void {
  if (level !== 'info' && level !== 'debug') return () => undefined;
  const format = pretty ? createPrettyFormat(false) : (line: string) => line;
  return (change) => {
    const line = JSON.stringify({
      level: 'info',
      time: new Date().toISOString(),
      ...commandEntry(change),
      msg: 'audit',
    });
    if (file === undefined) {
      terminal.err(format(line).trimEnd());
      return;
    }
    try {
      mkdirSync(dirname(file), { recursive: true });
      appendFileSync(file, `${line}\n`);
    } catch (error) {
      terminal.err(`tollgate: the log cannot be written: ${(error as Error).message}`);
      terminal.err(line);
    }
  };
}

/** Returns the entry of a change that a command made. */
export function commandEntry(change: AuditChange): AuditEntry {
  return { by: 'command', actor: userName(), host: hostname(), ...change };
}

/** A container may run under a user id without a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
