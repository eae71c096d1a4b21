/** How a process of the gateway ends: its exit codes, and the errors that decide them. */
import { OperatorError } from './operator-error.js';

/** The command did what was asked for. */
export const EXIT_OK = 0;
/** A bad file, or a refused request. */
export const EXIT_BAD = 1;
/** Wrong usage, or an unreadable file. */
export const EXIT_USAGE = 2;

/** An operation that cannot be done: reported as one line, exit code 1. */
export class CommandFailed extends OperatorError {}

/** A failure that another process of the gateway has already reported: only its exit code is left to pass on. */
export class AlreadyReported extends Error {
  constructor(readonly code: number) {
    super();
  }
}
