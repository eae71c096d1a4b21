/** Exit codes of a gateway process, and the errors that decide them. */
import { OperatorError } from './operator-error.js';

/** The command succeeded. */
export const EXIT_OK = 0;
/** An invalid file, or an operation that failed. */
export const EXIT_BAD = 1;
/** Wrong usage, or an unreadable file. */
export const EXIT_USAGE = 2;

/** An operation that failed: reported as one line, exit code 1. */
export class CommandFailed extends OperatorError {}

/** A failure that another process of the gateway has already reported; carries its exit code only. */
export class AlreadyReported extends Error {
  constructor(readonly code: number) {
    super();
  }
}
