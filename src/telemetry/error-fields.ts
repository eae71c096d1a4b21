/** How the log shows an error, for `log.ts`. */
import { stdSerializers } from 'pino';

/** Characters; an error's text may quote what a server sent. */
const MAX_MESSAGE = 1000;
const MAX_STACK = 4000;

/**
 * Returns the fields of an error in the log: its type, message, stack and code. Its other properties are left out, since
 * libraries keep whole commands and their arguments in them.
 */
export function errorFields(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error).slice(0, MAX_MESSAGE) };
  const { type, message, stack } = stdSerializers.err(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    type,
    message: message.slice(0, MAX_MESSAGE),
    ...(code !== undefined && { code }),
    stack: stack.slice(0, MAX_STACK),
  };
}
