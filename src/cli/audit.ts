/** The audit lines of a command: in the log's file where the gate has one, else on standard error. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { dirname } from 'node:path';
import type { AuditEntry } from '../model/audit.js';
import type { LogSettings } from '../model/settings.js';
import type { Terminal } from './command.js';

/** What a command says of a change; who made it, and where, is added. */
export type AuditChange = Omit<AuditEntry, 'by' | 'actor' | 'host'>;

/**
 * A line has the form of the gate's log, and is written where that log would have lines of level info. Where the file
 * cannot be written, standard error has the line and the reason.
 */
export function createCommandAudit(
  { level, file }: LogSettings,
  terminal: Pick<Terminal, 'err'>,
): (change: AuditChange) => void {
  if (level !== 'info' && level !== 'debug') return () => undefined;
  return (change) => {
    const line = JSON.stringify({
      level: 'info',
      time: new Date().toISOString(),
      by: 'command',
      actor: userName(),
      host: hostname(),
      ...change,
      msg: 'audit',
    });
    if (file === undefined) {
      terminal.err(line);
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

/** A container may run under a number that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
